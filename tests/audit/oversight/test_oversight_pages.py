"""Stewards act on pages: each act with a reason, a fresh second factor and a confirmation, and each an entry."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from audit.log.models import Entry
from audit.oversight.models import ForcedReview, Pause
from audit.oversight.pauses import force_review, place
from operators.models import Account, Deployment, Operator
from tests.operators.accounts_help import account, member, steward

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "/oversight/pauses/new/"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def deployment() -> Deployment:
    return Operator.objects.create(name="Acme").deployments.create(name="Helper")


@pytest.fixture
def at_work() -> tuple[Account, Client]:
    return steward()


def confirmed(fields: dict[str, str]) -> dict[str, str]:
    return {**fields, "confirmed": "yes"}


def test_an_act_is_a_form_then_what_it_does_then_the_act(at_work, deployment):
    person, client = at_work
    fields = {"subject": f"deployment:{deployment.pk}", "reason": "Complaints came in"}
    assert client.get(NEW).status_code == 200
    page = client.post(NEW, fields).content.decode()
    assert "You pause Acme · Helper." in page
    assert not Pause.objects.exists(), "looked at only"
    assert client.post(NEW, confirmed(fields)).url == "/oversight/"
    pause = Pause.objects.get()
    assert (pause.subject_id, pause.reason, pause.placed_by) == (str(deployment.pk), "Complaints came in", person)
    entry = Entry.objects.get(name="pause.placed")
    assert (entry.actor_id, entry.subject_id) == (str(person.pk), str(deployment.pk))
    assert entry.detail == {
        "pause": str(pause.pk),
        "reason": "Complaints came in",
        "operator": str(deployment.operator_id),
    }
    page = client.get("/oversight/").content.decode()
    assert "Acme · Helper" in page
    assert "Complaints came in" in page
    lift = f"/oversight/pauses/{pause.pk}/lift/"
    client.post(lift, {"reason": "All is well"})
    assert Pause.objects.get().lifted_at is None
    client.post(lift, confirmed({"reason": "All is well"}))
    pause = Pause.objects.get()
    assert (pause.lifted_by, pause.lift_reason) == (person, "All is well")
    history = client.get("/oversight/history/").content.decode()
    assert "lifted the pause of" in history
    assert "All is well" in history


@pytest.mark.parametrize("reason", ["", "   ", "one\nline\x00"])
def test_without_a_reason_nothing_happens(at_work, deployment, reason):
    client = at_work[1]
    fields = {"subject": "platform:", "reason": reason}
    assert client.post(NEW, confirmed(fields)).status_code == 200
    assert not Pause.objects.exists()
    pause = place("platform", "", reason="x", by=None)
    client.post(f"/oversight/pauses/{pause.pk}/lift/", confirmed({"reason": reason}))
    assert Pause.objects.get().lifted_at is None


@pytest.mark.parametrize("subject", ["platform:x", "operator:nonsense", "model:gpt-9", "behaviour:emergency_referral"])
def test_only_what_there_is_can_be_paused(at_work, subject):
    answer = at_work[1].post(NEW, confirmed({"subject": subject, "reason": "Why not"}))
    assert answer.status_code == 200
    assert answer.context["form"].errors["subject"]
    assert not Pause.objects.exists()


@pytest.mark.parametrize("seconds", [None, 301])
def test_the_second_factor_must_be_fresh_and_what_was_typed_is_kept(deployment, seconds):
    client = steward(factor_seconds_ago=seconds)[1]
    asked = client.get(NEW)
    assert asked.url == f"/account/second-factor/reauthenticate/?next={NEW.replace('/', '%2F')}"
    fields = {"subject": f"deployment:{deployment.pk}", "reason": "Typed before"}
    assert "reauthenticate" in client.post(NEW, confirmed(fields)).url
    assert not Pause.objects.exists()
    session = client.session
    session["account_authentication_methods"] = steward("b@example.com")[1].session["account_authentication_methods"]
    session.save()
    page = client.get(NEW)
    assert page.context["form"].initial["reason"] == "Typed before"
    assert client.get(NEW).context["form"].initial == {}, "given once"


@pytest.mark.parametrize("record", [{"method": "password"}, {"method": "mfa", "type": "recovery_codes"}])
def test_neither_the_password_nor_a_recovery_code_is_a_fresh_factor(record):
    _, client = steward()
    session = client.session
    at = session["account_authentication_methods"][0]["at"]
    session["account_authentication_methods"] = [{**record, "at": at, "reauthenticated": True}]
    session.save()
    assert "reauthenticate" in client.get(NEW).url


def test_a_steward_without_a_second_factor_is_sent_to_set_one_up():
    client = Client()
    client.force_login(account("bare@example.com", is_steward=True))
    assert client.get("/oversight/").status_code == 200, "reading takes none"
    assert client.post(NEW, confirmed({"subject": "platform:", "reason": "x"})).url == "/account/second-factor/"
    assert b"needs a second factor" in client.get("/account/second-factor/").content
    assert not Pause.objects.exists()


def test_every_act_asks_for_the_factor_and_refuses_everyone_else(deployment):
    pause = place("platform", "", reason="x", by=None)
    forced = force_review(deployment.pk, reason="x", by=None)
    acts = [
        NEW,
        f"/oversight/pauses/{pause.pk}/lift/",
        "/oversight/reviews/new/",
        f"/oversight/reviews/{forced.pk}/end/",
        "/oversight/charter/1.1/propose/",
        reverse("conversation-end", args=[pause.pk]),
        reverse("charter-approve", args=[pause.pk]),
        reverse("charter-reject", args=[pause.pk]),
    ]
    stale, (_, owner) = steward(factor_seconds_ago=None)[1], member(deployment.operator, "owner", "o@acme.example")
    reviewer = Client()
    reviewer.force_login(account("reviewer@example.com", is_reviewer=True))
    for path in acts:
        for method in ("get", "post"):
            assert "reauthenticate" in getattr(stale, method)(path).url
            for other in (owner, reviewer):
                assert getattr(other, method)(path).status_code == 403


def test_reviews_are_forced_and_ended(at_work, deployment):
    person, client = at_work
    fields = {"deployment": str(deployment.pk), "reason": "Complaints"}
    client.post("/oversight/reviews/new/", confirmed(fields))
    forced = ForcedReview.objects.get()
    assert (forced.deployment_id, forced.placed_by) == (deployment.pk, person)
    client.post(f"/oversight/reviews/{forced.pk}/end/", confirmed({"reason": "Enough seen"}))
    assert ForcedReview.objects.get().lift_reason == "Enough seen"


def test_members_are_told_on_every_page_what_holds_and_can_read_what_was_done(at_work, deployment):
    _, owner = member(deployment.operator, "analyst", "o@acme.example")
    other = Operator.objects.create(name="Other").deployments.create(name="Elsewhere")
    _, stranger = member(other.operator, "owner", "s@other.example")
    client = at_work[1]
    assert b"steward-notice" not in owner.get("/deployments/").content
    client.post(NEW, confirmed({"subject": f"deployment:{deployment.pk}", "reason": "Looking into it"}))
    client.post(NEW, confirmed({"subject": "behaviour:crude_language", "reason": "Odd results"}))
    page = owner.get("/deployments/").content.decode()
    assert "paused Acme · Helper" in page
    assert "Looking into it" in page
    assert "Odd results" in page
    theirs = stranger.get("/deployments/").content.decode()
    assert "Looking into it" not in theirs
    assert "Odd results" in theirs
    done = owner.get(f"/operators/{deployment.operator_id}/oversight/").content.decode()
    assert "Looking into it" in done
    assert "Steward" not in done.split("<main")[1].replace("A steward", "").replace("What stewards", "")
    assert stranger.get(f"/operators/{deployment.operator_id}/oversight/").status_code == 404
    assert "Looking into it" not in stranger.get(f"/operators/{other.operator_id}/oversight/").content.decode()
