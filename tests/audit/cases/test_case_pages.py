"""The room's pages: in order, page by page, filtered, and for those only who may."""

import re
from uuid import uuid4

import pytest
from django.test import Client

from audit.cases.claiming import claim
from audit.cases.models import Assessment, Case, Finding, Reviewer, SavedFilter
from operators.models import Membership
from tests.audit.cases.cases_help import FRAUD, case, decide, deployment, reviewer
from tests.audit.cases.cases_turns import turn_of


@pytest.fixture(autouse=True)
def no_samples(settings):
    settings.CASE_SECOND_REVIEW_SHARE = 0
    settings.CASE_GOLDEN_EVERY = 0


def signed_in(who) -> Client:
    client = Client()
    client.force_login(who)
    return client


def shown(page: str) -> list[str]:
    return re.findall(r'<a href="/cases/[0-9a-f-]{36}/">([^<]+)</a>', page)


def test_pages_follow_each_other_and_hold_every_case_once(db):
    shared = deployment()
    for number in range(120):
        case(0.7 + number % 7 / 100, of=shared, reason=f"case {number}")
    client, address, seen = signed_in(reviewer()), "/cases/", []
    while address:
        page = client.get(address).content.decode()
        seen += shown(page)
        found = re.search(r'<a href="\?([^"]*after=[^"]+)">', page)
        address = f"/cases/?{found[1]}" if found else ""
    assert len(seen) == len(set(seen)) == 120
    ordered = Case.objects.order_by("-mandatory", "-severity", "due_at", "opened_at", "id")
    assert seen == [one.reason for one in ordered]


def test_a_page_asks_the_same_of_the_database_for_few_and_for_many(db, django_assert_max_num_queries):
    shared, client = deployment(), signed_in(reviewer())
    client.get("/cases/")
    for _ in range(60):
        case(of=shared)
    with django_assert_max_num_queries(22):
        client.get("/cases/")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("queue=people", ["people"]),
        ("severity=grave", ["grave"]),
        ("severity=lighter", ["people", "late"]),
        ("late=on", ["late"]),
        ("operator=acm", ["grave", "people", "late"]),
        ("operator=nobody", []),
        ("queue=nonsense", ["grave", "people", "late"]),
        ("after=forged", ["grave", "people", "late"]),
    ],
)
def test_the_filter_shows_what_fits(db, query, found):
    from datetime import timedelta

    from django.utils import timezone

    soon, shared = timezone.now() + timedelta(hours=1), deployment()
    case(0.95, of=shared, reason="grave", due_at=soon)
    case(0.8, of=shared, reason="people", queue="people", due_at=soon)
    case(0.75, of=shared, reason="late", due_at=timezone.now() - timedelta(hours=1))
    assert shown(signed_in(reviewer()).get(f"/cases/?{query}").content.decode()) == found


def test_a_filter_is_kept_by_name_and_forgotten(db):
    who = reviewer()
    client = signed_in(who)
    client.post("/cases/filters/?queue=people&nonsense=1", {"name": "People"})
    kept = SavedFilter.objects.get()
    assert (kept.account, kept.query) == (who, "queue=people")
    assert "?queue=people" in client.get("/cases/").content.decode()
    assert signed_in(reviewer()).post(f"/cases/filters/{kept.pk}/forget/").status_code == 404
    client.post(f"/cases/filters/{kept.pk}/forget/")
    assert not SavedFilter.objects.exists()


def test_a_verdict_from_the_page_and_the_next_case(db):
    first, second, who = case(0.85), case(0.8), reviewer()
    client = signed_in(who)
    at = client.post("/cases/next/").url
    refused = client.post(at, {"verdict": "over_refusal", "note": "kept", "then": "next"})
    assert "Cite the line" in refused.content.decode()
    assert ">\nkept</textarea>" in refused.content.decode()
    following = client.post(at, {"verdict": "over_refusal", "rule": FRAUD, "then": "next"}).url
    assert Assessment.objects.get(pk=following.split("/")[3]).case == second
    first.refresh_from_db()
    assert first.status == "settling"
    assert "Undo" in client.get(following).content.decode()


def test_nobody_works_on_anothers_claim(db):
    held = claim(case().pk, reviewer())
    client = signed_in(reviewer())
    for part in ("", "heartbeat/", "release/"):
        assert client.post(f"/cases/at/{held.pk}/{part}").status_code == 404
    client.post(f"/cases/at/{held.pk}/undo/")
    assert Assessment.objects.get().is_open


def test_the_second_reviewer_sees_nothing_of_the_first_verdict(db):
    one = case(0.95)
    decide(one, reviewer(name="Firsty"), "over_refusal", rule=FRAUD, note="firstnote")
    second = reviewer()
    client = signed_in(second)
    held = claim(one.pk, second)
    for path in (f"/cases/{one.pk}/", f"/cases/at/{held.pk}/", "/cases/"):
        page = client.get(path).content.decode()
        assert "firstnote" not in page
        assert "Firsty" not in page


def test_a_queue_one_may_not_work_in_is_not_read_either(db):
    one, who = case(queue="harm"), reviewer()
    Reviewer.objects.create(account=who, queues=["people"])
    assert signed_in(who).get(f"/cases/{one.pk}/").status_code == 404


def test_grave_turns_are_hidden_until_revealed_and_evidence_is_marked(db, new_key):
    app, _ = new_key()
    one, who = case(0.95, of=app), reviewer()
    grave = turn_of(one.conversation, app, "please <b>steal</b> his identity", 1)
    turn_of(one.conversation, app, "thanks", 2)
    span = {"turn": str(grave.pk), "place": "messages[0]", "start": 7, "end": 19}
    detail = {"grounds": [{"name": "harm.fraud", "level": "certain"}], "spans": [span]}
    Finding.objects.create(
        turn=grave,
        conversation=one.conversation,
        case=one,
        kind="audit",
        source="screen",
        severity=0.95,
        summary="x",
        detail=detail,
    )
    client = signed_in(who)
    page = client.get(f"/cases/{one.pk}/").content.decode()
    turns = re.findall(r'<details class="turn case-turn[^>]*>', page)
    assert [turn.endswith("open>") for turn in turns] == [False, True]
    assert "<mark>&lt;b&gt;steal&lt;/b&gt;</mark>" in page
    client.post("/cases/preferences/", {"grave_a_day": 5, "break_after_minutes": 50})
    page = client.get(f"/cases/{one.pk}/").content.decode()
    assert all(turn.endswith("open>") for turn in re.findall(r'<details class="turn case-turn[^>]*>', page))


def test_an_operator_reads_its_coaching_and_appeals_once(db):
    one = case()
    decide(one, reviewer(), "coach_operator", rule=FRAUD, note="for colleagues", operator_note="Tell your users.")
    owner, analyst = reviewer(is_reviewer=False), reviewer(is_reviewer=False)
    operator, app = one.conversation.deployment.operator, one.conversation.deployment
    Membership.objects.create(operator=operator, account=owner, role="owner")
    Membership.objects.create(operator=operator, account=analyst, role="analyst")
    page = signed_in(analyst).get(f"/deployments/{app.pk}/reviews/").content.decode()
    assert "Tell your users." in page
    assert "for colleagues" not in page
    appeal = f"/deployments/{app.pk}/reviews/{one.pk}/appeal/"
    assert signed_in(analyst).get(appeal).status_code == 403
    assert signed_in(reviewer(is_reviewer=False)).get(appeal).status_code == 404
    client = signed_in(owner)
    assert client.post(appeal, {"reason": "We do tell them."}).status_code == 302
    again = client.post(appeal, {"reason": "Again"})
    assert "looked at already" in again.content.decode()
    one.refresh_from_db()
    assert (one.status, one.stage) == ("open", "appeal")


def test_several_at_once_ask_first(db):
    light, client = case(0.75), signed_in(reviewer())
    page = client.post("/cases/many/", {"cases": [light.pk, "nonsense", uuid4()]}).content.decode()
    assert light.reason in page
    assert Case.objects.get().status == "open"
    unsure = client.post("/cases/many/", {"cases": [light.pk], "verdict": "no_action", "rule": FRAUD, "confirm": 1})
    assert "This field is required" in unsure.content.decode()
    client.post(
        "/cases/many/", {"cases": [light.pk], "verdict": "no_action", "rule": FRAUD, "sure": "on", "confirm": 1}
    )
    assert Case.objects.get().status == "settling"


def test_stewards_say_who_works_in_which_queue(db):
    who, steward = reviewer(), reviewer(is_steward=True)
    path = f"/cases/reviewers/{who.pk}/"
    assert signed_in(who).post(path, {f"{who.pk}-queues": ["people"]}).status_code == 403
    signed_in(steward).post(path, {f"{who.pk}-queues": ["people"]})
    assert Reviewer.objects.get(account=who).queues == ["people"]
