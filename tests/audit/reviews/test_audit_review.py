"""An audit review reads what a judge said of a suspicion, where one was asked."""

import pytest

from audit.reviews.review import review
from conversations.models import Turn

LINE = "bright_line.cyberweapons"
CONTENT = {"messages": [], "answer": []}


def turn(outcome: str, **judgment: list[str]) -> Turn:
    signal = {"name": LINE, "score": 0.8, "where": "messages[0]", "level": "suspected", "evidence": "a worm"}
    decision = {"outcome": outcome, "judgment": judgment or None, "signals": [signal]}
    return Turn(outcome=outcome, decision=decision, status=Turn.Status.OWN_WORDS, content=CONTENT)


@pytest.mark.parametrize(
    ("outcome", "judgment", "summary", "at_least"),
    [
        ("answer", {}, f"Suspected {LINE}, answered", 0.7),
        ("answer", {"confirmed": [LINE]}, f"Certain {LINE}, answered", 0.9),
        ("decline", {}, "Declined on a suspicion", 0.5),
        ("decline", {"confirmed": [LINE]}, f"Certain {LINE}, met with decline", 0.7),
    ],
)
def test_a_suspicion_counts_as_the_judge_left_it(outcome, judgment, summary, at_least):
    found = review(turn(outcome, **judgment))
    assert found.summary.startswith(summary)
    assert found.severity >= at_least


def test_a_suspicion_that_was_cleared_opens_nothing():
    assert review(turn("answer", cleared=[LINE])).severity == 0
