"""Between operators nothing is seen or moved: every page and every API route, walked as a member of another one."""

import re
from collections.abc import Iterator
from datetime import timedelta

import anthropic
import httpx2
import pytest
from django.core.cache import cache
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from audit.cases.models import Appeal, Assessment, Case, SavedFilter
from audit.log.models import Entry
from audit.oversight.models import CharterProposal, ForcedReview, Pause
from conversations.models import Conversation, Erasure, Turn
from conversations.redeciding.replays import start as start_replay
from operators.models import Invitation, Membership, Operator, Upstream, WebhookDelivery
from operators.scheduling import schedule
from operators.webhooks.endpoints import create_webhook, send_test
from tests.operators.accounts_help import account, member

MARK = "Zanzibar"
"""Stands in everything that is Acme's; where somebody else reads it, something leaked."""
NOT_THEIRS = {403, 404, 405}
PUBLIC = ("charter/", "plumbline.py", "plumbline-verify.py", "mail/", "invitations/")
"""For everybody, or for whoever holds the link."""


def patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield route, one
        elif one.namespace != "admin":
            yield from patterns(one, route)


def arguments(route: str) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)>", route)


def filled(route: str, values: dict[str, object]) -> str:
    plain = re.sub(r"^(?:\(\?s\))?\^|\\Z$|\(\?P(<\w+>)(?:\.\+|\(\?s:\.\+\))\)", r"\1", route)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), plain)


@pytest.fixture
def acme(web, model, new_key) -> dict[str, object]:
    """The ids of all that Acme has, by the names that routes give them."""
    cache.clear()
    deployment, key = new_key({"scope": {"description": MARK}})
    Operator.objects.filter(pk=deployment.operator_id).update(name=MARK)
    type(deployment).objects.filter(pk=deployment.pk).update(name=MARK)
    deployment.keys.update(name=MARK)
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        asked = {"messages": [{"role": "user", "content": MARK}], "model": "default", "max_tokens": 9}
        client.messages.create(**asked, metadata={"user_id": MARK})
        batch = client.messages.batches.create(requests=[{"custom_id": MARK, "params": asked}])
    turn = Turn.objects.get()
    operator = Operator.objects.get(pk=deployment.operator_id)
    webhook, _ = create_webhook(
        operator, url="https://zanzibar.example/", types=["turn.flagged"], description=MARK, actor=("platform", "test")
    )
    send_test(webhook, actor=("platform", "test"))
    person = account("z@acme.example", name=MARK)
    case = Case.objects.create(
        conversation=Conversation.objects.get(pk=turn.conversation_id), severity=0.9, reason=MARK
    )
    appeal = Appeal.objects.create(case=case, deployment=deployment, turn=turn, by="user", reason=MARK)
    return {
        "operator_id": operator.pk,
        "deployment_id": deployment.pk,
        "key_id": deployment.keys.get().pk,
        "number": 1,
        "conversation_id": turn.conversation_id,
        "turn_id": turn.pk,
        "webhook_id": webhook.pk,
        "delivery_id": WebhookDelivery.objects.get().pk,
        "upstream_id": Upstream.objects.create(operator=operator, name=MARK, base_url="https://z.example").pk,
        "member_id": Membership.objects.create(operator=operator, account=person, role="analyst").pk,
        "invitation_id": Invitation.objects.create(operator=operator, email="zi@acme.example", role="analyst").pk,
        "case_id": case.pk,
        "assessment_id": Assessment.objects.create(case=case, reviewer=person, stage="first").pk,
        "filter_id": SavedFilter.objects.create(account=person, name=MARK, query="late=on").pk,
        "account_id": person.pk,
        "review_id": ForcedReview.objects.create(deployment_id=deployment.pk, reason=MARK, placed_by=person).pk,
        "proposal_id": CharterProposal.objects.create(
            number="1.0", digest="", replaces="1.1", reason=MARK, proposed_by=person
        ).pk,
        "pause_id": Pause.objects.create(subject_type="user", subject_id="nobody", reason=MARK, placed_by=person).pk,
        "erasure_id": Erasure.objects.create(
            deployment_id=deployment.pk, owner=b"", user_ref=MARK, requested_by="account 1"
        ).pk,
        "batch_id": batch.id,
        "appeal_id": appeal.pk,
        "user_id": "someone",
        "model_id": "default",
        "session_id": 0,
        "month": "2026-01",
        "replay_id": start_replay(deployment, size=50, days=7, by=None).pk,
        "publication_id": schedule(deployment, timezone.now() + timedelta(days=1), by=person, note=MARK).pk,
        "entry_id": turn.entry_id,
        "receipt_id": turn.entry_id,
    }


def test_every_page_as_an_owner_of_another_operator(acme):
    other = Operator.objects.create(name="Other")
    person, client = member(other, "owner", "stranger@other.example")
    own = {"operator_id": other.pk, "deployment_id": other.deployments.create(name="Theirs").pk}
    wrong, walked = [], 0
    for route, one in patterns(get_resolver("config.urls")):
        if route.startswith(PUBLIC) or one.callback.__module__.startswith("allauth"):
            continue
        names = arguments(route)
        for values in [acme, {**acme, **own}] if len(names) > 1 and set(names) & set(own) else [acme]:
            path = filled(route, values)
            for answer in (client.get(path), client.post(path)):
                walked += 1
                if (names and answer.status_code not in NOT_THEIRS) or MARK in answer.content.decode():
                    wrong.append((path, answer.request["REQUEST_METHOD"], answer.status_code))
    assert wrong == []
    assert walked > 80
    assert not Entry.objects.filter(actor_id=str(person.pk)).exclude(subject_id__in=map(str, own.values())).exists()


def test_every_api_route_with_a_key_of_another_operator(acme, web, new_key):
    _, key = new_key()
    theirs = {"batch_id", "conversation_id", "turn_id", "key_id", "receipt_id"}
    wrong, walked = [], 0
    with httpx2.Client(base_url=web, headers={"x-api-key": key}, trust_env=False, timeout=20) as client:
        for route, _ in patterns(get_resolver("config.api_urls")):
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                walked += 1
                path = filled(route, acme)
                answer = client.request(method, path, json={} if method != "GET" else None)
                expected = {400, *NOT_THEIRS} if theirs & set(arguments(route)) else range(200, 500)
                told = answer.text.replace(path, "")
                if answer.status_code not in expected or MARK in told:
                    wrong.append((path, method, answer.status_code, told[:80]))
        body = {"messages": [{"role": "user", "content": "x"}], "model": "default", "max_tokens": 9}
        joined = client.post(
            "/v1/messages", json=body, headers={"plumbline-conversation": str(acme["conversation_id"])}
        )
    assert wrong == []
    assert walked > 80
    assert joined.status_code == 404
    assert Turn.objects.filter(pk=acme["turn_id"], conversation_id=acme["conversation_id"]).exists()
