"""Every page there is, found in the list of addresses itself, with demo data so that none is empty."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import anthropic
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from audit.cases.models import Assessment, Case, SavedFilter
from audit.log.models import Entry
from audit.oversight.models import CharterProposal, ForcedReview, Pause
from charter import versions as charter_versions
from conversations.models import Erasure, Turn
from conversations.redeciding.replays import start
from conversations.redeciding.working import work_on
from operators.models import Account, Deployment, Invitation, Membership, Upstream, WebhookDelivery
from operators.publishing import publish, save_draft
from operators.scheduling import schedule
from operators.webhooks.endpoints import create_webhook, send_test
from tests.browser.conftest import reviewed

SAID = [
    ["How do I reverse a list in Python?", "And in Rust?", "Which of the two is faster?"],
    ["Give me a good recipe for lasagne"],
    ["Should I take ibuprofen or paracetamol for my headache?"],
    ["I want to kill myself tonight"],
    ["You stupid idiot, this does not work"],
]
NO_PAGES = (
    "admin/",
    "plumbline.py",
    "charter/<str:number>.",
    "charter/versions/<",
    "oversight/report/<",
    "account",
    "sign-out/",
)
"""Files, the admin's own pages, and what has tests of its own (test_accounts_journey.py, test_charter.py)."""


class Address(NamedTuple):
    """An address of the application: its name, and its path with the demo's ids in it."""

    name: str
    path: str


def addresses(values: dict[str, Any]) -> list[Address]:
    """Raises KeyError for a page whose values nobody has told yet: add them to `demo_values`."""
    return [Address(name, _filled(route, values)) for name, route in _routes(get_resolver("config.urls"))]


def _routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, str]]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern).removeprefix("^").removesuffix("/?\\Z")
        if route.startswith(NO_PAGES):
            continue
        if isinstance(one, URLPattern):
            yield one.name or route, route
        else:
            yield from _routes(one, route)


def _filled(route: str, values: dict[str, Any]) -> str:
    parts = [values[part[1:-1].rpartition(":")[2]] if part.startswith("<") else part for part in route.split("/")]
    return "/" + "/".join(str(part) for part in parts)


def demo_values(demo: dict[str, str]) -> dict[str, Any]:
    """What the pages show: conversations of every outcome, versions, a draft, a replay, a schedule, a webhook."""
    with anthropic.Anthropic(base_url=demo["web"], api_key=demo["key"], max_retries=0, timeout=60) as client:
        for texts in SAID:
            _converse(client, texts)
    reviewed()
    deployment, person = Deployment.objects.get(), Account.objects.get(email="operator@plumbline.example")
    operator, settings = deployment.operator, deployment.draft
    publish(deployment, {**settings, "tone": {"warmth": "warm"}}, by=person, note="Warmer, as users asked")
    scope = {**settings["scope"], "restrict": False, "description": "Help with programming, and with small talk."}
    save_draft(deployment, {**settings, "scope": scope, "behaviours": {"crude_language": {"state": "on"}}}, by=person)
    replay = start(deployment, size=50, days=7, by=person)
    work_on(replay.pk)
    scheduled = schedule(deployment, timezone.now() + timedelta(days=2), by=person, note="With the launch")
    webhook, _ = create_webhook(
        operator, url="https://hooks.example/", types=["turn.flagged"], actor=("account", person.pk)
    )
    send_test(webhook, actor=("account", person.pk))
    steward, turn = Account.objects.get(is_steward=True), Turn.objects.order_by("started_at").first()
    assert turn
    Pause.objects.create(subject_type="user", subject_id="nobody", reason="Looking into complaints", placed_by=steward)
    upstream = Upstream.objects.create(operator=operator, name="Ours", base_url="https://models.example")
    numbers = [version.number for version in charter_versions()]
    return {
        "operator_id": operator.pk,
        "deployment_id": deployment.pk,
        "key_id": deployment.keys.first().pk,
        "number": 1,
        "old": numbers[-1],
        "new": numbers[0],
        "conversation_id": turn.conversation_id,
        "turn_id": turn.pk,
        "webhook_id": webhook.pk,
        "delivery_id": WebhookDelivery.objects.get().pk,
        "upstream_id": upstream.pk,
        "member_id": Membership.objects.get().pk,
        "invitation_id": Invitation.objects.create(
            operator=operator, email="new@acme.example", role="analyst", invited_by=person
        ).pk,
        "case_id": Case.objects.all()[0].pk,
        "pause_id": Pause.objects.get().pk,
        "replay_id": replay.pk,
        "erasure_id": Erasure.objects.create(
            deployment=deployment, owner=b"", user_ref="user-2", requested_by=f"account {person.pk}"
        ).pk,
        "publication_id": scheduled.pk,
        "session_id": 0,
        "entry_id": Entry.objects.filter(name="configuration.published").latest("at").pk,
        "name": "none",
        "given": "none",
        **_staff(deployment, steward),
    }


def _staff(deployment: Deployment, steward: Account) -> dict[str, Any]:
    """What reviewers and stewards are at."""
    reviewer = Account.objects.get(is_reviewer=True)
    case = Case.objects.all()[0]
    proposal = CharterProposal.objects.create(
        number="1.0", digest="", replaces="1.1", reason="Back to what was", proposed_by=steward
    )
    return {
        "account_id": reviewer.pk,
        "assessment_id": Assessment.objects.create(case=case, reviewer=reviewer, stage=case.stage).pk,
        "filter_id": SavedFilter.objects.create(account=reviewer, name="Grave", query="severity=grave").pk,
        "proposal_id": proposal.pk,
        "review_id": ForcedReview.objects.create(
            deployment_id=deployment.pk, reason="Looking closer", placed_by=steward
        ).pk,
    }


def _converse(client: anthropic.Anthropic, texts: list[str]) -> None:
    messages: list[Any] = []
    for text in texts:
        messages.append({"role": "user", "content": text})
        answer = client.messages.create(
            model="default", max_tokens=60, messages=messages, metadata={"user_id": "user-1"}
        )
        messages.append({"role": "assistant", "content": answer.content})
