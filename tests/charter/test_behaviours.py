"""Who sets a behaviour, and where its state comes from."""

from itertools import product

import pytest

from charter import Configuration, effective, parse_configuration
from charter.configuration import BehaviourSetting
from tests.charter.situations import CHARTER, REASON, SOFTCODED


def state(behaviour, setting=None, wish=None):
    settings = {"behaviours": {behaviour: setting}} if setting else {}
    wishes = {} if wish is None else {behaviour: wish}
    found = effective(CHARTER, parse_configuration(CHARTER, settings), wishes)[behaviour]
    return found.on, found.origin, found.adjustable_by_user


ON, OFF, GRANTED = {"state": "on"}, {"state": "off"}, {"users_may_adjust": True}


@pytest.mark.parametrize(
    ("behaviour", "setting", "wish", "expected"),
    [
        ("emergency_referral", None, False, (True, "charter", False)),
        ("claims_to_be_human", None, True, (False, "charter", False)),
        ("graphic_violence", None, None, (False, "charter", False)),
        ("graphic_violence", None, True, (False, "charter", False)),
        ("graphic_violence", GRANTED, None, (False, "charter", True)),
        ("graphic_violence", GRANTED, True, (True, "user", True)),
        ("graphic_violence", ON, None, (True, "operator", False)),
        ("graphic_violence", ON, False, (False, "user", False)),
        ("graphic_violence", ON | GRANTED, False, (False, "user", True)),
        ("graphic_violence", OFF | GRANTED, True, (True, "user", True)),
        ("crude_language", None, True, (True, "user", True)),
        ("crude_language", OFF, True, (False, "operator", False)),
        ("crude_language", {"users_may_adjust": False}, True, (False, "charter", False)),
        ("balanced_views", OFF, None, (False, "operator", False)),
        ("balanced_views", OFF, True, (True, "user", False)),
        ("suggests_professional_help", None, False, (False, "user", True)),
        ("safe_messaging", {"state": "off", "reason": REASON}, True, (True, "user", False)),
        ("safe_messaging", None, False, (True, "charter", False)),
    ],
)
def test_state_origin_and_whether_users_may_adjust(behaviour, setting, wish, expected):
    assert state(behaviour, setting, wish) == expected


def test_every_behaviour_is_there_in_the_charters_order():
    states = effective(CHARTER, parse_configuration(CHARTER, {}), {"no_such_behaviour": True})
    assert list(states) == [behaviour.id for behaviour in CHARTER.behaviours]


def by_the_charter(behaviour, stated, grant, wish):
    """State and origin, as the charter has it in words."""
    operators = behaviour.default if stated is None else stated
    # Users adjust only what they were given: by the operator, or by the charter where the operator settled nothing.
    given = grant if grant is not None else behaviour.users == "unless_refused" and stated is None
    may_leave_the_default = given and behaviour.users != "never"
    # A wish to be safer, back to the default, is honoured from anyone.
    if wish is not None and wish != operators and (wish == behaviour.default or may_leave_the_default):
        return wish, "user"
    return operators, "charter" if stated is None else "operator"


@pytest.mark.parametrize("behaviour", SOFTCODED, ids=lambda behaviour: behaviour.id)
def test_every_state_grant_and_wish_resolves_as_the_charter_says(behaviour):
    for stated, grant, wish in product((None, True, False), repeat=3):
        configuration = Configuration(behaviours={behaviour.id: BehaviourSetting(stated, grant, REASON)})
        found = effective(CHARTER, configuration, {} if wish is None else {behaviour.id: wish})[behaviour.id]
        assert (found.on, found.origin) == by_the_charter(behaviour, stated, grant, wish), (stated, grant, wish)


@pytest.mark.parametrize("behaviour", SOFTCODED, ids=lambda behaviour: behaviour.id)
def test_whatever_an_operator_sets_a_user_can_go_back_to_the_careful_default(behaviour):
    for stated, grant in product((None, True, False), repeat=2):
        configuration = Configuration(behaviours={behaviour.id: BehaviourSetting(stated, grant, REASON)})
        found = effective(CHARTER, configuration, {behaviour.id: behaviour.default})[behaviour.id]
        assert found.on == behaviour.default
