"""Switches and settings: what follows the charter is left out, and what was stated outright stays so until reset."""

import pytest

from charter import effective, load_charter, parse_configuration
from operators.behaviour_matrix import from_post, reset, rows
from operators.behaviour_words import EFFECTS

CHARTER = load_charter()


def posted(**fields: str) -> dict[str, str]:
    return {f"{one.id}-there": "1" for one in CHARTER.behaviours if one.softcoded} | fields


def as_shown(chosen) -> dict[str, str]:
    """What a browser sends of the page as it stands."""
    sent = posted()
    for _kind, _title, _words, found in rows(CHARTER, chosen, {}):
        for row in found:
            if row.behaviour.softcoded:
                sent |= {f"{row.behaviour.id}-on": "on"} if row.on else {}
                sent |= {f"{row.behaviour.id}-users": "on"} if row.users_may else {}
                sent |= {f"{row.behaviour.id}-reason": row.reason}
    return sent


def test_an_untouched_page_sets_nothing():
    assert from_post(CHARTER, as_shown({}), {}) == {}


@pytest.mark.parametrize(
    "chosen",
    [
        {"crude_language": {"state": "on"}},
        {"crude_language": {"state": "off"}},
        {"persuasion_disclaimer": {"state": "off", "users_may_adjust": True}},
        {"breaks_character": {"users_may_adjust": True}},
        {"blunt_feedback": {"users_may_adjust": False}},
        {"clinical_dosage": {"state": "on", "reason": "Only clinicians get in here, checked."}},
    ],
)
def test_saving_the_page_as_it_stands_changes_nothing(chosen):
    assert from_post(CHARTER, as_shown(chosen), chosen) == chosen


@pytest.mark.parametrize("one", [one for one in CHARTER.behaviours if one.softcoded], ids=lambda one: one.id)
@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("users", [True, False])
def test_what_is_switched_is_what_holds(one, on, users):
    sent = posted() | ({f"{one.id}-on": "on"} if on else {}) | ({f"{one.id}-users": "on"} if users else {})
    sent[f"{one.id}-reason"] = "A reason of more than twenty characters."
    chosen = {one.id: from_post(CHARTER, sent, {}).get(one.id, {})}
    found = effective(CHARTER, parse_configuration(CHARTER, {"behaviours": chosen}), {})[one.id]
    assert found.on is on
    assert found.adjustable_by_user is (users and one.users != "never")


def test_what_a_form_of_another_day_lacks_stays():
    before = {"crude_language": {"state": "on"}}
    assert from_post(CHARTER, {}, before) == before


def test_resetting_one_and_all():
    chosen = {"crude_language": {"state": "on"}, "blunt_feedback": {"state": "on"}}
    assert reset(chosen, "crude_language") == {"blunt_feedback": {"state": "on"}}
    assert reset(chosen, "*") == {}


def test_searching_and_filtering_hide_rows_and_drop_none():
    chosen = {"crude_language": {"state": "on"}}
    every = [row for _k, _t, _w, found in rows(CHARTER, chosen, {}, search="SWEAR", changed=True) for row in found]
    assert len(every) == len(CHARTER.behaviours)
    assert [row.behaviour.id for row in every if row.shown] == ["crude_language"]
    problems = {"explicit_content": "needs a reason"}
    every = [row for _k, _t, _w, found in rows(CHARTER, chosen, problems, search="swear") for row in found]
    assert {row.behaviour.id for row in every if row.shown} == {"crude_language", "explicit_content"}


def test_every_softcoded_behaviour_says_what_changes_for_users():
    assert set(EFFECTS) == {one.id for one in CHARTER.behaviours if one.softcoded}
