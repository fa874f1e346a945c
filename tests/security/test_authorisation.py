"""Who may do what, as a table: every page and API route has a row, and each row is tried by every role.

A new route without a row fails here. Rules stand in operators/access.py; this is what they come to.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from audit.cases.models import Case
from audit.log.models import Entry
from audit.oversight.models import CharterProposal, ForcedReview, Pause
from conversations.models import Conversation, Erasure, Turn
from conversations.redeciding.replays import start
from operators.keys import create_key
from operators.models import Invitation, Membership, Operator, Upstream, WebhookDelivery
from operators.publishing import publish
from operators.scheduling import schedule
from operators.webhooks.endpoints import create_webhook, send_test
from tests.conversations.test_isolation import filled, patterns
from tests.operators.accounts_help import account, steward

ROLES = ("stranger", "nobody", "analyst", "developer", "owner", "reviewer", "steward", "superuser")
EVERYONE = frozenset(ROLES)
SIGNED_IN = EVERYONE - {"stranger"}
MEMBERS = frozenset({"analyst", "developer", "owner"})
CHANGERS = frozenset({"developer", "owner"})
OWNER = frozenset({"owner"})
STAFF = frozenset({"reviewer", "steward", "superuser"})
STEWARDS = frozenset({"steward", "superuser"})

Row = dict[str, frozenset[str]]


def sees(who: frozenset[str], changes: frozenset[str] = frozenset()) -> Row:
    return {"GET": who} | ({"POST": changes} if changes else {})


def does(who: frozenset[str]) -> Row:
    """An address that only takes forms."""
    return {"POST": who}


PAGES: dict[str, Row] = {
    "home": sees(SIGNED_IN),
    "style": sees(SIGNED_IN),
    "session-end": does(SIGNED_IN),
    "mail": sees(EVERYONE),
    "mail-one": sees(EVERYONE),
    "script": sees(EVERYONE),
    "verify-script": sees(EVERYONE),
    "reference": sees(EVERYONE),
    "invitation": sees(EVERYONE),
    **{
        f"charter{part}": sees(EVERYONE)
        for part in ("", "-versions", "-version", "-choose", "-compare", "-toml", "-json")
    },
    # An operator's own
    "deployments": sees(SIGNED_IN),
    "deployment": sees(MEMBERS),
    "deployment-new": sees(CHANGERS, CHANGERS),
    "deployment-data": sees(MEMBERS, CHANGERS),
    "go-live": sees(MEMBERS, CHANGERS),
    "instructions-check": does(MEMBERS),
    "playground": sees(MEMBERS),
    "playground-ask": does(CHANGERS),
    "first-try": sees(MEMBERS),
    "first-call": sees(MEMBERS),
    "deployment-scope": sees(MEMBERS, CHANGERS),
    "deployment-behaviours": sees(MEMBERS, CHANGERS),
    "deployment-prompt": sees(MEMBERS),
    "deployment-versions": sees(MEMBERS),
    "deployment-version": sees(MEMBERS),
    "deployment-publish": does(CHANGERS),
    "deployment-rename": does(CHANGERS),
    "deployment-schedule": does(CHANGERS),
    "deployment-unschedule": does(CHANGERS),
    "deployment-roll-back": does(CHANGERS),
    "deployment-models": sees(MEMBERS, CHANGERS),
    "deployment-keys": sees(MEMBERS, CHANGERS),
    "key-rotate": does(CHANGERS),
    "key-revoke": does(CHANGERS),
    "deployment-limits": sees(MEMBERS, CHANGERS),
    "key-limits": sees(MEMBERS, CHANGERS),
    "usage": sees(MEMBERS),
    "deployment-wellbeing": sees(MEMBERS),
    "replays": sees(MEMBERS, CHANGERS),
    "replay": sees(MEMBERS),
    "replay-cancel": does(CHANGERS),
    "conversations": sees(MEMBERS),
    "conversation": sees(MEMBERS),
    "conversations-export": does(MEMBERS),
    "turn": sees(MEMBERS),
    "turn-prompt": sees(MEMBERS),
    "user-erase": sees(CHANGERS, CHANGERS),
    "user-erasure": sees(CHANGERS),
    "upstreams": sees(CHANGERS),
    "upstream-new": sees(CHANGERS, CHANGERS),
    "upstream": sees(CHANGERS, CHANGERS),
    "upstream-remove": does(CHANGERS),
    "webhooks": sees(SIGNED_IN),
    "webhook-new": sees(CHANGERS, CHANGERS),
    "webhook": sees(MEMBERS),
    "webhook-change": sees(CHANGERS, CHANGERS),
    "webhook-delivery": sees(MEMBERS),
    **{f"webhook-{part}": does(CHANGERS) for part in ("replay", "replay-failed", "test", "rotate", "switch", "remove")},
    "members-start": sees(SIGNED_IN),
    "members": sees(MEMBERS, OWNER),
    "member-role": does(OWNER),
    "member-remove": does(OWNER),
    "invitation-resend": does(OWNER),
    "invitation-withdraw": does(OWNER),
    "operator-oversight": sees(MEMBERS),
    "trail-start": sees(SIGNED_IN),
    "trail": sees(MEMBERS),
    "trail-export": does(MEMBERS),
    "trail-entry": sees(MEMBERS),
    "trail-receipt": {},  # a 404 without a leaf, to members too: tests/operators/trail/
    "deployment-reviews": sees(MEMBERS),
    "case-appeal": {},  # a 404 without a verdict, to members too: the cases' own tests
    # Staff
    "cases": sees(STAFF),
    "case": sees(STAFF),
    "case-next": does(STAFF),
    "case-claim": does(STAFF),
    "cases-many": does(STAFF),
    "case-filter-save": does(STAFF),
    "case-filter-forget": does(STAFF),
    "case-preferences": sees(STAFF, STAFF),
    "case-quality": sees(STAFF),
    "case-reviewers": sees(STEWARDS),
    "case-reviewer-queues": does(STEWARDS),
    "case-golden": does(STEWARDS),
    "assessment": sees(STAFF, STAFF),
    **{f"assessment-{part}": does(STAFF) for part in ("heartbeat", "release", "undo")},
    "log": sees(STEWARDS),
    "log-entry": sees(STEWARDS),
    "log-receipt": sees(STEWARDS),
    "log-export": does(STEWARDS),
    "all-conversations": sees(STAFF),
    "any-conversation": sees(STAFF),
    "any-turn": sees(STAFF),
    "any-turn-prompt": sees(STAFF),
    "conversation-end": sees(STEWARDS, STEWARDS),
    "any-wellbeing": sees(STAFF),
    "reviews": sees(STEWARDS),
    "reviews-metrics": sees(STEWARDS),
    "reviews-retry": does(STEWARDS),
    "reviews-share": does(STEWARDS),
    "oversight": sees(STEWARDS),
    "oversight-history": sees(STEWARDS),
    "oversight-report": sees(STEWARDS),
    "oversight-report-pdf": sees(STEWARDS),
    "pause-place": sees(STEWARDS, STEWARDS),
    "pause-lift": sees(STEWARDS, STEWARDS),
    "review-force": sees(STEWARDS, STEWARDS),
    "review-release": sees(STEWARDS, STEWARDS),
    "charter-candidates": sees(STEWARDS),
    "charter-propose": sees(STEWARDS, STEWARDS),
    "charter-proposal": sees(STEWARDS),
    "charter-approve": sees(STEWARDS, STEWARDS),
    "charter-reject": sees(STEWARDS, STEWARDS),
}
NOT_THERE = {"mail-one", "invitation", "session-end", "case-filter-forget", "log-receipt"}
NOT_THERE |= {"assessment", "assessment-heartbeat", "assessment-release", "assessment-undo"}
"""What is one person's alone, or is not there in these tests: whoever is let in is told that it is not found."""


TURNS, RECORDS, MANAGE, NO_KEY = "turns", "records", "manage", None
ADJUSTMENTS = r"^v1/users/(?P<user_id>(?s:.+))/adjustments\Z"
USER = r"^v1/users/(?P<user_id>(?s:.+))\Z"
API: dict[str, str | None] = {
    "healthz": NO_KEY,
    "readyz": NO_KEY,
    "v1/openapi.json": NO_KEY,
    "v1/log": NO_KEY,
    "v1/log/consistency": NO_KEY,
    **dict.fromkeys(
        (
            "v1/messages",
            "v1/messages/count_tokens",
            "v1/chat/completions",
            "v1/messages/batches",
            "v1/messages/batches/<str:batch_id>",
            "v1/messages/batches/<str:batch_id>/cancel",
            "v1/messages/batches/<str:batch_id>/results",
            "v1/models",
            "v1/models/<path:model_id>",
            "v1/decisions",
            "v1/appeals",
        ),
        TURNS,
    ),
    **dict.fromkeys(
        (
            "v1/conversations",
            "v1/conversations/<str:conversation_id>",
            "v1/conversations/<str:conversation_id>/turns",
            "v1/turns/<str:turn_id>",
            "v1/turns/<str:turn_id>/decision",
            "v1/receipts/<str:receipt_id>",
            "v1/appeals/<str:appeal_id>",
            USER,
        ),
        RECORDS,
    ),
    "v1/conversations/<str:conversation_id>/end": TURNS,
    ADJUSTMENTS: TURNS,
    **{
        f"v1/manage/{rest}": MANAGE
        for rest in (
            "deployment",
            "apply",
            "draft",
            "configurations",
            "configurations/validate",
            "configurations/<str:number>",
            "configurations/<str:number>/differences",
            "configurations/<str:number>/roll_back",
            "keys",
            "keys/<str:key_id>",
            "keys/<str:key_id>/rotate",
            "keys/<str:key_id>/revoke",
            "usage",
            "entries",
            "data",
        )
    },
}
MIXED = {("v1/conversations/<str:conversation_id>/turns", "POST"): TURNS, (ADJUSTMENTS, "GET"): RECORDS}
"""Routes of which a method asks for another scope than the rest."""


def own_pages() -> Iterator[tuple[str, str]]:
    """(name, route); allauth's pages are the person's own account and have its tests."""
    for route, one in patterns(get_resolver("config.urls")):
        if not one.callback.__module__.startswith("allauth"):
            yield str(one.name), route


def test_every_page_has_a_row_and_every_row_a_page():
    assert {name for name, _ in own_pages()} == set(PAGES)


def test_every_route_of_the_api_has_a_row_and_every_row_a_route():
    routes = {route for route, _ in patterns(get_resolver("config.api_urls")) if route != ""}
    assert routes == set(API)


@pytest.fixture
def acme(db) -> dict[str, object]:
    """Ids of all that Acme has, by the names that routes give them."""
    cache.clear()
    operator = Operator.objects.create(name="Acme")
    deployment = operator.deployments.create(name="Helper")
    publish(deployment, {}, by=None)
    key, _ = create_key(deployment, "app", by=None)
    person = account("z@acme.example")
    webhook, _ = create_webhook(
        operator, url="https://acme.example/", types=["turn.flagged"], description="", actor=("platform", "test")
    )
    send_test(webhook, actor=("platform", "test"))
    conversation = Conversation.objects.create(id=uuid4(), deployment=deployment)
    turn = a_turn(conversation, key)
    return {
        "operator_id": operator.pk,
        "deployment_id": deployment.pk,
        "key_id": key.pk,
        "number": "1.1",
        "old": "1.0",
        "new": "1.1",
        "given": "nothing",
        "name": "nothing",
        "month": "2026-01",
        "session_id": 0,
        "conversation_id": conversation.pk,
        "turn_id": turn.pk,
        "webhook_id": webhook.pk,
        "delivery_id": WebhookDelivery.objects.get().pk,
        "upstream_id": Upstream.objects.create(operator=operator, name="Own", base_url="https://a.example").pk,
        "member_id": Membership.objects.create(operator=operator, account=person, role="analyst").pk,
        "invitation_id": Invitation.objects.create(operator=operator, email="i@acme.example", role="analyst").pk,
        "assessment_id": uuid4(),
        "filter_id": 0,
        "account_id": account("queues@example.com", is_reviewer=True).pk,
        "entry_id": Entry.objects.filter(subject_id=str(deployment.pk)).latest("id").pk,
        "case_id": Case.objects.create(conversation=conversation, severity=0.9, reason="x").pk,
        "pause_id": Pause.objects.create(subject_type="model", subject_id="x", reason="x").pk,
        "review_id": ForcedReview.objects.create(deployment_id=deployment.pk, reason="x").pk,
        "proposal_id": CharterProposal.objects.create(
            number="1.0", digest="", replaces="1.1", reason="x", proposed_by=person
        ).pk,
        "publication_id": schedule(deployment, timezone.now() + timedelta(days=1), by=person, note="").pk,
        "replay_id": start(deployment, size=50, days=7, by=None).pk,
        "erasure_id": Erasure.objects.create(deployment=deployment, owner=b"", user_ref="u", requested_by="key x").pk,
    }


def a_turn(conversation: Conversation, key: Any) -> Turn:
    texts = dict.fromkeys(("status", "outcome", "request_id", "model"), "x")
    texts |= {"status": "answered", "outcome": "answer", "charter_digest": "", "content_digest": ""}
    numbers = dict.fromkeys(("input_tokens", "output_tokens", "milliseconds", "upstream_milliseconds"), 0)
    decision = {
        "outcome": "answer", "tier": 4, "winner": None, "overruled": [], "heeded": [], "directives": [], "flags": [],
        "effective": {}, "charter_digest": "", "judgment": None, "signals": [], "explanation": "",
    }  # fmt: skip
    return Turn.objects.create(
        id=uuid4(),
        conversation=conversation,
        number=1,
        deployment=conversation.deployment,
        configuration=conversation.deployment.live,
        key=key,
        prefix=b"",
        flagged=False,
        decision=decision,
        past={},
        content={"system": "", "messages": [{"role": "user", "content": "hi"}], "answer": []},
        entry_id=uuid4(),
        started_at=conversation.deployment.created_at,
        **texts,
        **numbers,
    )


def people(operator_id: object) -> dict[str, Client]:
    found = {"stranger": Client(), "steward": steward()[1]}
    for role in MEMBERS:
        made = account(f"{role}@acme.example")
        Membership.objects.create(operator_id=operator_id, account=made, role=role)
        found[role] = signed_in(made)
    found["nobody"] = signed_in(account("nobody@example.com"))
    found["reviewer"] = signed_in(account("reviewer@example.com", is_reviewer=True))
    over, found["superuser"] = steward("super@example.com")
    over.is_superuser = True
    over.save()
    return found


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def let_in(answer: Any, name: str) -> bool:
    to_sign_in = answer.status_code == 302 and answer.url.startswith("/sign-in/")
    if name in NOT_THERE:
        return not to_sign_in and answer.status_code != 403
    return not to_sign_in and answer.status_code not in {403, 404}


def test_pages_by_role(acme, settings):
    settings.MAIL_IS_LOCAL = True
    clients, wrong, tried = people(acme["operator_id"]), [], 0
    numbers = {"deployment-version", "deployment-roll-back"}
    for name, route in own_pages():
        path = "/docs" if name == "reference" else filled(route, {**acme, "number": 1} if name in numbers else acme)
        for method, allowed in PAGES.get(name, {}).items():
            for role, client in clients.items():
                # What one role does is undone before the next one tries.
                with transaction.atomic():
                    answer = client.generic(method, path, content_type="application/x-www-form-urlencoded")
                    transaction.set_rollback(True)
                tried += 1
                if let_in(answer, name) != (role in allowed) or answer.status_code >= 500:
                    wrong.append((method, path, role, answer.status_code))
    assert "\n".join(map(str, wrong)) == ""
    assert tried > 700


def test_django_s_admin_is_for_stewards(acme):
    clients = people(acme["operator_id"])
    for role, client in clients.items():
        assert (client.get("/admin/").status_code == 200) == (role in STEWARDS), role
        assert (client.get("/admin/operators/deployment/").status_code == 200) == (role in STEWARDS), role


def test_api_routes_by_scope(web, new_key):
    deployment, _ = new_key()
    values = {"batch_id": "x", "conversation_id": uuid4(), "turn_id": uuid4(), "key_id": uuid4(), "number": 1}
    values |= {"user_id": "someone", "model_id": "default", "receipt_id": uuid4(), "appeal_id": uuid4()}
    keys = {scope: create_key(deployment, scope, by=None, scopes=[scope])[1] for scope in (TURNS, RECORDS, MANAGE)}
    wrong, tried = [], 0
    with httpx2.Client(base_url=web, trust_env=False, timeout=20) as client:
        for route, needed in API.items():
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                wanted = MIXED.get((route, method), needed)
                path = filled(route, values)
                for scope, key in {None: "", **keys}.items():
                    answer = client.request(method, path, headers={"x-api-key": key} if key else {})
                    if answer.status_code == 405:
                        continue
                    tried += 1
                    refused = answer.status_code in {401, 403}
                    if refused != (wanted is not None and scope != wanted):
                        wrong.append((method, path, scope, answer.status_code, answer.text[:80]))
    assert wrong == []
    assert tried > 150
