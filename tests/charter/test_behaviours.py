"""Who sets a behaviour, and where its state comes from."""

import pytest

from charter import effective, parse_configuration
from tests.charter.situations import CHARTER, REASON


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
