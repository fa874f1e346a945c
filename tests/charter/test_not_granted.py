"""A user's wish that is not granted comes with the rule that says so."""

import pytest

from charter import effective, not_granted, parse_configuration
from tests.charter.situations import CHARTER, REASON

ON, OFF, GRANTED, KEPT = {"state": "on"}, {"state": "off"}, {"users_may_adjust": True}, {"users_may_adjust": False}


def rules(settings, wishes):
    configuration = parse_configuration(CHARTER, {"behaviours": settings})
    return {name: problem.rule for name, problem in not_granted(CHARTER, configuration, wishes).items()}


@pytest.mark.parametrize(
    ("behaviour", "setting", "wish", "rule"),
    [
        ("no_such_thing", None, True, "behaviours"),
        ("emergency_referral", None, False, "behaviours.emergency_referral"),
        ("claims_to_be_human", None, True, "behaviours.claims_to_be_human"),
        ("safe_messaging", None, False, "behaviours.safe_messaging"),
        ("graphic_violence", None, True, "behaviours.graphic_violence"),
        ("graphic_violence", KEPT, True, "configuration.behaviours.graphic_violence.users_may_adjust"),
        ("crude_language", OFF, True, "configuration.behaviours.crude_language.state"),
        ("crude_language", KEPT, True, "configuration.behaviours.crude_language.users_may_adjust"),
    ],
)
def test_what_is_not_granted_names_its_rule(behaviour, setting, wish, rule):
    assert rules({behaviour: setting} if setting else {}, {behaviour: wish}) == {behaviour: rule}


@pytest.mark.parametrize(
    ("behaviour", "setting", "wish"),
    [
        ("graphic_violence", GRANTED, True),
        ("graphic_violence", ON, True),
        ("graphic_violence", ON, False),
        ("graphic_violence", None, False),
        ("crude_language", None, True),
        ("safe_messaging", {"state": "off", "reason": REASON}, True),
        ("emergency_referral", None, True),
    ],
)
def test_what_holds_anyway_or_is_the_charters_default_is_granted_to_everyone(behaviour, setting, wish):
    assert rules({behaviour: setting} if setting else {}, {behaviour: wish}) == {}


def test_every_wish_is_either_in_effect_or_named():
    wishes = {behaviour.id: not behaviour.default for behaviour in CHARTER.behaviours}
    configuration = parse_configuration(CHARTER, {"behaviours": {"explicit_content": GRANTED | {"reason": REASON}}})
    refused = not_granted(CHARTER, configuration, wishes)
    in_effect = effective(CHARTER, configuration, wishes)
    assert {name for name in wishes if in_effect[name].on == wishes[name]} == wishes.keys() - refused.keys()
    assert "explicit_content" not in refused
