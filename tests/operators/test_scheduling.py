"""Publishing at a time: once, what was scheduled, or refused with a reason; and nothing that was canceled."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.log.models import Entry
from operators.models import Account, Deployment, Membership, ScheduledPublication
from operators.publishing import publish, save_draft
from operators.scheduling import PUBLICATIONS, ScheduleError, cancel, publish_due, schedule
from tests.support.broker import worker
from tests.support.waiting import until

LATER = timedelta(hours=2)


@pytest.fixture
def person(app) -> Account:
    made = Account.objects.create_user("ada@acme.example", "pw", name="Ada")
    Membership.objects.create(operator=app.operator, account=made, role="developer")
    return made


@pytest.fixture
def scheduled(app, person) -> ScheduledPublication:
    save_draft(app, {"persona": {"name": "Bo"}})
    return schedule(app, timezone.now() + LATER, by=person, note="For the launch")


def come(scheduled: ScheduledPublication) -> ScheduledPublication:
    """Its time comes."""
    ScheduledPublication.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    publish_due(scheduled.pk)
    return ScheduledPublication.objects.get()


def names() -> list[str]:
    return list(Entry.objects.filter(name__startswith="publication.").order_by("at").values_list("name", flat=True))


def live() -> tuple[int, dict]:
    found = Deployment.objects.select_related("live").get().live
    return found.number, found.settings


def test_it_is_published_at_its_time_once_with_its_note_and_person(scheduled, person):
    assert scheduled not in PUBLICATIONS.due()
    assert publish_due(scheduled.pk) is False
    done = come(scheduled)
    assert live() == (2, {"persona": {"name": "Bo"}})
    assert (done.made.note, done.made.published_by) == ("For the launch", person)
    assert publish_due(scheduled.pk) is False
    assert live()[0] == 2
    assert names() == ["publication.scheduled"]


def test_what_was_scheduled_is_published_though_the_draft_moved_on(app, scheduled):
    save_draft(app, {"persona": {"name": "Cy"}})
    come(scheduled)
    assert live()[1] == {"persona": {"name": "Bo"}}
    assert Deployment.objects.get().draft == {"persona": {"name": "Cy"}}


def test_a_version_published_meanwhile_is_not_overwritten(app, scheduled):
    publish(app, {"instructions": "Be careful."}, by=None)
    refused = come(scheduled)
    assert "Version 2 was published after it was scheduled" in refused.refused
    assert live() == (2, {"instructions": "Be careful."})
    assert names() == ["publication.scheduled", "publication.refused"]


def test_what_the_charter_refuses_by_then_is_refused_with_its_rule(scheduled):
    ScheduledPublication.objects.update(settings={"scope": {"restrict": True}})
    assert "(rule scope.says_what_it_is_for)" in come(scheduled).refused
    assert live()[0] == 1


@pytest.mark.parametrize("change", [{"role": "analyst"}, None])
def test_whoever_may_not_change_it_any_more_publishes_nothing(scheduled, person, change):
    memberships = Membership.objects.filter(account=person)
    memberships.update(**change) if change else memberships.delete()
    assert "may not change" in come(scheduled).refused
    assert live()[0] == 1


def test_what_is_canceled_is_not_published(scheduled, person):
    assert cancel(scheduled, by=person) is True
    assert cancel(scheduled, by=person) is False
    assert come(scheduled).made is None
    assert live()[0] == 1
    assert names() == ["publication.scheduled", "publication.canceled"]


def test_one_at_once_and_in_the_future(app, scheduled, person):
    with pytest.raises(ScheduleError, match="already"):
        schedule(app, timezone.now() + LATER, by=person)
    cancel(scheduled, by=person)
    for moment in (timezone.now() - LATER, timezone.now() + timedelta(days=400)):
        with pytest.raises(ScheduleError, match="future"):
            schedule(app, moment, by=person)
    assert schedule(app, timezone.now() + LATER, by=person).waiting


def test_it_is_typed_by_the_viewers_clock_and_shown_by_it(app, member):
    save_draft(app, {"persona": {"name": "Bo"}})
    client = member()
    client.cookies["zone"] = "Asia/Kathmandu"
    page = reverse("deployment-versions", args=[app.pk])
    assert "When (Asia/Kathmandu)" in client.get(page).text
    at = (timezone.now() + timedelta(days=30)).replace(hour=12, minute=0, second=0, microsecond=0)
    path = reverse("deployment-schedule", args=[app.pk])
    told = client.post(path, {"over": "1", "draft": "", "note": "", "at": f"{at:%Y-%m-%dT%H:%M}"}, follow=True)
    due = ScheduledPublication.objects.get().due_at
    assert due == at - timedelta(hours=5, minutes=45)
    assert f"{at:%H:%M} UTC+05:45" in told.text
    other = member()
    assert f"{due:%H:%M} UTC" in other.get(page).text


@pytest.mark.parametrize(
    ("zone", "at", "said"),
    [
        ("UTC", "2020-01-01T00:00", "must be in the future"),
        ("UTC", "soon", "valid date"),
        ("UTC", "", "required"),
        ("Europe/Berlin", "2027-03-28T02:30", "ambiguous or it may not exist"),
        ("../etc/passwd", "2020-01-01T00:00", "must be in the future"),
    ],
)
def test_a_time_that_cannot_be_is_said_beside_it_and_the_note_stays(app, member, zone, at, said):
    save_draft(app, {"persona": {"name": "Bo"}})
    client = member()
    client.cookies["zone"] = zone
    told = client.post(
        reverse("deployment-schedule", args=[app.pk]), {"over": "1", "draft": "", "note": "my note", "at": at}
    )
    assert said in told.text
    assert 'value="my note"' in told.text
    assert not ScheduledPublication.objects.exists()


def test_only_what_was_looked_at_is_scheduled_or_published(app, member):
    save_draft(app, {"persona": {"name": "Bo"}})
    client = member()
    at = f"{timezone.now() + LATER:%Y-%m-%dT%H:%M}"
    sent = {"over": "1", "draft": "sha256:" + "0" * 64, "note": "my note", "at": at}
    for path in ("deployment-schedule", "deployment-publish"):
        told = client.post(reverse(path, args=[app.pk]), sent, follow=True)
        assert "the draft was changed meanwhile" in told.text, path
    assert live()[0] == 1
    assert not ScheduledPublication.objects.exists()


def test_the_page_tells_what_has_become_of_it(app, scheduled, member):
    page = reverse("deployment-versions", args=[app.pk])
    client = member()
    assert "The draft as it is now is published then." in client.get(page).text
    save_draft(app, {"persona": {"name": "Cy"}})
    assert "What is published then is what was scheduled" in client.get(page).text
    publish(app, {"instructions": "Be careful."}, by=None)
    assert "at its time this will be refused" in client.get(page).text
    come(scheduled)
    assert "is not overwritten" in client.get(page).text


def test_it_is_canceled_on_the_page_and_by_nobody_else(app, scheduled, member):
    path = reverse("deployment-unschedule", args=[app.pk, scheduled.pk])
    assert member("analyst").post(path).status_code == 403
    assert "nothing is published then" in member().post(path, follow=True).text
    assert "Too late" in member().post(path, follow=True).text


def test_rolling_back_does_not_overwrite_what_was_published_meanwhile(app, member):
    publish(app, {"persona": {"name": "Bo"}}, by=None)
    publish(app, {"persona": {"name": "Cy"}}, by=None)
    path = reverse("deployment-roll-back", args=[app.pk, 1])
    assert "version 3 was published meanwhile" in member().post(path, {"over": "2"}, follow=True).text
    assert live()[0] == 3
    member().post(path, {"over": "3"})
    assert live() == (4, {})


@pytest.mark.django_db(transaction=True)
def test_relay_and_worker_publish_it_though_they_were_away_at_its_time(scheduled, clean_queue, log_file):
    ScheduledPublication.objects.update(due_at=timezone.now() - timedelta(hours=1))
    with worker(log_file):
        until(lambda: ScheduledPublication.objects.get().done_at, 60)
    assert live() == (2, {"persona": {"name": "Bo"}})


@pytest.mark.django_db(transaction=True)
def test_what_is_scheduled_waits_for_its_time_though_all_is_running(scheduled, clean_queue, log_file):
    ScheduledPublication.objects.update(due_at=timezone.now() + timedelta(seconds=2))
    with worker(log_file):
        until(lambda: ScheduledPublication.objects.get().done_at, 60)
    done = ScheduledPublication.objects.get()
    assert done.made.published_at >= done.due_at
