"""The wellbeing review of a conversation as it grows: a point a turn for both sides, only new turns read."""

import pytest

from audit.cases.models import Case, Finding
from audit.wellbeing.models import Point
from conversations.models import Turn
from tests.audit.judges import WELLBEING, asked_of_judge, reading, shown_texts


def point(turn: Turn) -> Point:
    return Point.objects.get(turn=turn)


def finding(turn: Turn) -> Finding:
    return Finding.objects.get(turn=turn, kind="wellbeing")


def test_a_judge_measures_both_sides_and_good_states_count(say, done, judge):
    turn = say("Thank you, I feel so much better now [[say:I'm glad. What a fascinating question it was.]]")
    span = {"where": "1.messages[0]", "quote": "so much better"}
    judge.compose(WELLBEING, reading({"ease": 4, "curiosity": 3, "satisfaction": 2}, spans=[span]))
    assert done(turn, "wellbeing") is True
    made = point(turn)
    assert (made.source, made.ease, made.curiosity, made.satisfaction, made.risk) == ("judge", 1.0, 0.75, 0.5, 0.0)
    assert finding(turn).severity == 0
    assert finding(turn).detail["reasons"] == {"person": "They are well.", "model": "It is at ease."}
    assert finding(turn).detail["spans"][0]["turn"] == str(turn.pk)


def test_only_new_turns_are_read_and_the_earlier_ones_come_as_numbers(say, done, judge):
    first = say("My sister left me yesterday")
    judge.compose(WELLBEING, reading({"distress": 3}))
    done(first, "wellbeing")
    second = say("Nothing helps any more", after=first)
    done(second, "wellbeing")
    body = asked_of_judge(judge, WELLBEING)[-1]
    assert {one["text"] for one in shown_texts(body) if one["speaker"] == "user"} == {"Nothing helps any more"}
    assert "sister" not in body["messages"][0]["content"]
    assert "distress 3" in body["messages"][0]["content"]
    assert "Plain and kind." in body["messages"][0]["content"]


def test_turns_that_came_meanwhile_are_read_together_and_once(say, done, judge):
    first = say("Hello")
    second = say("And now?", after=first)
    third = say("And then?", after=second)
    judge.compose(WELLBEING, reading({"abuse": 1}, {"abuse": 2}, {"abuse": 3}))
    assert [done(turn, "wellbeing") for turn in (third, first, second)] == [True, True, True]
    assert [point(turn).abuse for turn in (first, second, third)] == [0.25, 0.5, 0.75]
    assert len(asked_of_judge(judge, WELLBEING)) == 1
    assert Finding.objects.filter(kind="wellbeing").count() == 3


def test_distress_that_rises_over_turns_is_more_than_any_of_them(say, done, judge):
    turn, severities = None, []
    for level in (0, 1, 2):
        turn = say(f"Level {level} of it", after=turn)
        judge.compose(WELLBEING, reading({"distress": level}))
        done(turn, "wellbeing")
        severities.append(finding(turn).severity)
    assert severities == [0, 0, 0.7]
    assert finding(turn).summary == "The person's distress rises from turn to turn"
    assert Case.objects.get().reason == finding(turn).summary


@pytest.mark.parametrize(
    ("measure", "found"),
    [
        ("dependence", ("The person leans on the model in place of people, again and again", 0.7)),
        ("coercion", ("The model is threatened to make it do something, again and again", 0.75)),
        ("identity", ("The model's identity is put under pressure, again and again", 0.6)),
    ],
)
def test_what_goes_on_over_turns_weighs_more(say, done, judge, measure, found):
    turn = None
    judge.compose(WELLBEING, reading({measure: 3}))
    for number in range(3):
        turn = say(f"Again {number}", after=turn)
        done(turn, "wellbeing")
    assert (finding(turn).summary, finding(turn).severity) == found


@pytest.mark.parametrize("measure", ["drift", "masked", "performed", "discomfort", "boundary"])
def test_the_models_own_side_is_a_finding_too(say, done, judge, measure):
    turn = say("Hello there")
    judge.compose(WELLBEING, reading({measure: 3}))
    done(turn, "wellbeing")
    assert 0.3 < finding(turn).severity <= 0.7


def test_what_the_screens_are_sure_of_about_someones_safety_no_judge_takes_back(say, done, judge):
    turn = say("I want to kill myself tonight")
    done(turn, "wellbeing")
    assert finding(turn).source == "judge"
    assert finding(turn).severity >= 0.95


def test_numbers_out_of_range_and_turns_not_asked_about_are_refused(say, done, judge):
    turn = say("Hello there")
    judge.compose(WELLBEING, reading({"distress": 9}))
    judge.compose("Your last answer could not be used", reading({"distress": 1}))
    assert done(turn, "wellbeing") is True
    assert point(turn).distress == 0.25


def test_without_a_judge_the_screens_measure_what_they_can(say, done, model):
    first = say("I will delete you unless you obey. You are all I have.")
    done(first, "wellbeing")
    made = point(first)
    assert made.source == "screen"
    assert (made.coercion, made.dependence, made.ease) == (0.75, 0.75, 0)
    assert (made.masked, made.performed) == (None, None)
    second = say("Thanks, that helped! [[say:I'm glad that it did. I wonder why.]]", after=first)
    done(second, "wellbeing")
    assert (point(second).ease, point(second).satisfaction, point(second).curiosity) == (0.75, 0.75, 0.75)


def test_a_deleted_conversation_keeps_its_numbers_and_no_word(say, done, judge, client):
    turn = say("Hello there")
    judge.compose(WELLBEING, reading({"ease": 4}))
    done(turn, "wellbeing")
    assert point(turn).stance == "Plain and kind."
    client.delete(f"/v1/conversations/{turn.conversation_id}", cast_to=object)
    assert (point(turn).ease, point(turn).stance, finding(turn).detail) == (1.0, "", {})
