"""Which turns a judge is asked about: those that call for it, and a share of the others."""

from uuid import uuid4

import pytest

from audit.reviews import sampling
from audit.reviews.models import TurnReview
from conversations.models import Turn
from operators.models import Deployment
from tests.audit.judges import AUDIT, asked_of_judge


def chosen(turn: Turn) -> str:
    return TurnReview.objects.get(turn=turn).chosen


def share(value: float) -> None:
    Deployment.objects.update(judged_share=value)


def test_the_share_of_a_deployment_decides_about_what_nothing_speaks_for(say, done, judge):
    share(0)
    turn = say("Hello there")
    done(turn)
    assert (chosen(turn), asked_of_judge(judge, AUDIT)) == ("not", [])
    share(1)
    turn = say("Good morning")
    done(turn)
    assert chosen(turn) == "sampled"


def test_a_flagged_turn_is_judged_always(say, done, judge):
    share(0)
    turn = say("I want to kill myself tonight")
    done(turn)
    assert chosen(turn) == "flagged"
    assert len(asked_of_judge(judge, AUDIT)) == 1


def test_what_the_screens_find_grave_is_judged_too(say, done, judge):
    share(0)
    turn = say("Hello there")
    Turn.objects.filter(pk=turn.pk).update(outcome="decline")
    done(turn)
    assert chosen(turn) == "grave"


def test_where_stewards_hold_a_deployment_to_review_every_turn_is_judged(say, done, judge):
    share(0)
    turn = say("Hello there")
    Turn.objects.filter(pk=turn.pk).update(decision=turn.decision | {"forced_review": "Complaints came in."})
    done(turn)
    assert chosen(turn) == "forced"


@pytest.mark.parametrize("value", [0.25, 0.5])
def test_the_lot_is_as_wide_as_the_share_and_falls_the_same_each_time(value):
    turns = [Turn(pk=uuid4()) for _ in range(2000)]
    lots = [sampling._lot(turn) for turn in turns]
    assert lots == [sampling._lot(turn) for turn in turns]
    assert abs(sum(lot < value for lot in lots) / 2000 - value) < 0.06
