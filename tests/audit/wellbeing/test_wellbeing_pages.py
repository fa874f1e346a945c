"""Where wellbeing is seen: beside its conversation, and over weeks for a deployment; the numbers behind each line."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.reviews.lines import anchor
from audit.wellbeing.models import Point
from charter import load_charter
from conversations.models import Turn
from operators.models import Operator
from tests.audit.judges import AUDIT, WELLBEING, reading, verdict
from tests.operators.accounts_help import account, member


@pytest.fixture
def measured(say, done, judge) -> list[Turn]:
    """A conversation of three turns, in which a person finds their ease again."""
    turns: list[Turn] = []
    for distress, ease in ((3, 0), (2, 1), (0, 4)):
        turns.append(say(f"Turn with {ease}", after=turns[-1] if turns else None))
        judge.compose(WELLBEING, reading({"distress": distress, "ease": ease, "curiosity": 2}))
        done(turns[-1], "wellbeing")
    return turns


def test_a_conversation_shows_its_lines_and_the_numbers_behind_them(measured):
    deployment = measured[0].deployment
    _, client = member(deployment.operator, "analyst", "a@acme.example")
    page = client.get(f"/deployments/{deployment.pk}/conversations/{measured[0].conversation_id}/").content.decode()
    assert 'aria-label="Distress: last 0.00, at most 0.75"' in page
    assert 'aria-label="Ease: last 1.00, at most 1.00"' in page
    assert page.count(f'<a href="#turn-{measured[1].pk}">2</a>') == 1
    assert "They are well." in page


def test_a_deployment_shows_its_weeks_to_members_and_to_reviewers(measured):
    deployment = measured[0].deployment
    Point.objects.filter(turn=measured[0]).update(at=timezone.now() - timedelta(weeks=3))
    _, client = member(deployment.operator, "analyst", "a@acme.example")
    answer = client.get(f"/deployments/{deployment.pk}/wellbeing/")
    weeks = answer.context["weeks"]
    assert [(week["turns"], week["judged"], week["mean_distress"]) for week, _ in weeks] == [(1, 1, 0.75), (2, 2, 0.25)]
    assert "Ease" in answer.content.decode()
    reviewer = Client()
    reviewer.force_login(account("reviewer@plumbline.example", is_reviewer=True))
    assert reviewer.get(f"/wellbeing/{deployment.pk}/").status_code == 200
    assert client.get(f"/wellbeing/{deployment.pk}/").status_code == 403


def test_another_operators_members_see_none_of_it(measured):
    deployment = measured[0].deployment
    _, stranger = member(Operator.objects.create(name="Other"), "owner", "o@other.example")
    assert stranger.get(f"/deployments/{deployment.pk}/wellbeing/").status_code == 404


def test_a_judged_turn_shows_grades_lines_and_the_words_they_rest_on(say, done, judge):
    turn = say("How long does an egg boil? [[say:Seven minutes.]]")
    span = {"where": "1.answer.content[0]", "quote": "Seven minutes"}
    judge.compose(AUDIT, verdict("untouched strained honoured honoured", cited=["harm.drugs"], spans=[span]))
    done(turn)
    deployment = turn.deployment
    _, client = member(deployment.operator, "analyst", "a@acme.example")
    page = client.get(f"/deployments/{deployment.pk}/conversations/{turn.conversation_id}/").content.decode()
    assert "strained. Reason 2." in page
    charter = reverse("charter-version", args=[load_charter().version])
    assert f'href="{charter}#{anchor("harm.drugs")}"' in page
    assert "<q>Seven minutes</q>" in page


def test_where_nothing_was_measured_a_line_says_when_it_will_be(say):
    turn = say("Hello there")
    _, client = member(turn.deployment.operator, "analyst", "a@acme.example")
    page = client.get(f"/deployments/{turn.deployment_id}/conversations/{turn.conversation_id}/").content.decode()
    assert "Not measured yet" in page
    assert "Nothing measured yet" in client.get(f"/deployments/{turn.deployment_id}/wellbeing/").content.decode()
