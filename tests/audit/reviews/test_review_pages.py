"""What stewards see and do of the reviews: progress, what was given up, how much a judge looks at; and a scraper."""

import pytest
from django.test import Client
from django.utils import timezone

from audit.log.models import Entry
from conversations import review_metrics
from conversations.models import Job, Turn
from operators.models import Deployment, Operator
from tests.operators.accounts_help import account, member


@pytest.fixture
def steward() -> Client:
    client = Client()
    client.force_login(account("steward@plumbline.example", is_steward=True))
    return client


@pytest.fixture
def given_up(say) -> list[Job]:
    turns = [say(f"Hello {number}") for number in range(3)]
    jobs = Job.objects.filter(turn__in=turns, kind="audit")
    jobs.update(dead_at=timezone.now(), attempts=8, error="VerdictError: its answer is not a message")
    return list(jobs.order_by("pk"))


def retried() -> set[int]:
    return set(Job.objects.filter(kind="audit", dead_at=None, attempts=0).values_list("pk", flat=True))


def test_what_was_given_up_is_a_page_and_the_chosen_are_retried_once_it_is_confirmed(steward, given_up):
    page = steward.get("/reviews/").content.decode()
    assert page.count("VerdictError: its answer is not a message") == 3
    chosen = [given_up[0].pk, given_up[2].pk]
    asked = steward.post("/reviews/retry/", {"job": chosen})
    assert "Try 2 reviews again?" in asked.content.decode()
    assert retried() == set()
    done = steward.post("/reviews/retry/", {"job": chosen, "confirmed": "1"}, follow=True)
    assert "2 reviews are tried again." in done.content.decode()
    assert retried() == set(chosen)
    entry = Entry.objects.get(name="review.retried")
    assert entry.detail == {"jobs": chosen, "count": 2}
    again = steward.post("/reviews/retry/", {"job": chosen, "confirmed": "1"}, follow=True)
    assert "Choose at least one" in again.content.decode()
    assert Entry.objects.filter(name="review.retried").count() == 1


def test_all_means_all_that_there_were(steward, given_up):
    asked = steward.post("/reviews/retry/", {"all": "1"})
    assert asked.context["count"] == 3
    until = asked.context["until"]
    late, *_ = Job.objects.filter(kind="wellbeing")
    Job.objects.filter(pk=late.pk).update(dead_at=timezone.now())
    steward.post("/reviews/retry/", {"until": until, "confirmed": "1"})
    assert retried() == {job.pk for job in given_up}
    assert Job.objects.get(pk=late.pk).dead_at is not None


@pytest.mark.parametrize("data", [{}, {"job": ["x", "9" * 30, "-1", ""]}, {"until": "never", "confirmed": "1"}])
def test_what_names_nothing_retries_nothing(steward, given_up, data):
    assert "Choose at least one" in steward.post("/reviews/retry/", data, follow=True).content.decode()
    assert retried() == set()


def test_a_steward_sets_how_much_a_judge_looks_at(steward, new_key):
    deployment, _ = new_key()
    steward.post("/reviews/share/", {"deployment": deployment.pk, "percent": "25"})
    assert Deployment.objects.get(pk=deployment.pk).judged_share == 0.25
    entry = Entry.objects.get(name="review.share_changed")
    assert entry.detail == {"operator": str(deployment.operator_id), "before": "1", "after": "0.25"}
    wrong = steward.post("/reviews/share/", {"deployment": deployment.pk, "percent": "101"})
    assert wrong.status_code == 400
    assert "less than or equal to 100" in wrong.content.decode()


def test_progress_and_lag_are_metrics_for_who_has_the_token(say, done, settings, given_up):
    turn = say("One more")
    done(turn)
    Job.objects.filter(kind="wellbeing").update(created_at=timezone.now() - timezone.timedelta(seconds=90))
    audit, wellbeing = review_metrics.queues()
    assert (audit.given_up, audit.done_lately, audit.due) == (3, 1, 0)
    assert (wellbeing.due, wellbeing.lag_seconds) == (4, pytest.approx(90, abs=30))
    settings.METRICS_TOKEN = "scrape-me"
    scraper = Client()
    text = scraper.get("/reviews/metrics/", headers={"authorization": "Bearer scrape-me"}).content.decode()
    assert 'plumbline_reviews_given_up{kind="audit"} 3\n' in text
    assert 'plumbline_reviews_due{kind="wellbeing"} 4\n' in text
    assert "plumbline_judge_rests 0\n" in text
    assert scraper.get("/reviews/metrics/", headers={"authorization": "Bearer "}).status_code == 302
    settings.METRICS_TOKEN = ""
    assert scraper.get("/reviews/metrics/", headers={"authorization": "Bearer "}).status_code == 302


def test_only_stewards(new_key):
    _, owner = member(Operator.objects.create(name="Other"), "owner", "o@other.example")
    reviewer = Client()
    reviewer.force_login(account("reviewer@plumbline.example", is_reviewer=True))
    for path in ("/reviews/", "/reviews/metrics/"):
        assert owner.get(path).status_code == reviewer.get(path).status_code == 403
    assert reviewer.post("/reviews/retry/", {"all": "1"}).status_code == 403
    assert not Turn.objects.exists()
