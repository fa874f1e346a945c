"""What changed between two settings: nothing exactly where both are read as the same, and else every place."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from charter import BehaviourSetting, parse_configuration, settings_differences
from tests.charter.situations import CHARTER, REASON

TEXT = st.sampled_from(["", " ", "a", "a ", "b", "a, b", "ä\n\tb"])
TOPIC = st.fixed_dictionaries(
    {"name": st.sampled_from(["A", "B", "A ", "A (2)"])}, optional={"examples": st.none() | st.lists(TEXT, max_size=3)}
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "scope": st.none()
        | st.fixed_dictionaries(
            {"description": st.just("what for")},
            optional={
                "allowed": st.none() | st.lists(TOPIC, max_size=3),
                "restrict": st.none() | st.booleans(),
                "message": st.none() | TEXT,
            },
        ),
        "persona": st.fixed_dictionaries({}, optional={"style": TEXT}),
        "tone": st.fixed_dictionaries({}, optional={"language": st.sampled_from(["", "de", "de "])}),
        "instructions": st.none() | TEXT,
        "behaviours": st.fixed_dictionaries(
            {},
            optional={
                "crude_language": st.none()
                | st.fixed_dictionaries(
                    {}, optional={"state": st.sampled_from([None, "on", "off"]), "users_may_adjust": st.booleans()}
                ),
                "clinical_dosage": st.just({"state": "on", "reason": REASON}),
            },
        ),
    },
)


def read(said):
    """As a turn goes by it; a behaviour about which nothing is said is as good as not named."""
    parsed = parse_configuration(CHARTER, said)
    chosen = {name: setting for name, setting in parsed.behaviours.items() if setting != BehaviourSetting()}
    return replace(parsed, behaviours=chosen)


@settings(deadline=None)
@given(SETTINGS, SETTINGS)
def test_there_is_a_difference_exactly_where_they_are_read_differently(one, other):
    assert (settings_differences(one, other) == ()) == (read(one) == read(other))


def places(before, after):
    return [(one.path, one.before, one.after) for one in settings_differences(before, after)]


def test_each_place_is_named_with_both_sides():
    before = {"persona": {"name": "Ada"}, "behaviours": {"crude_language": {"state": "on"}}}
    after = {"persona": {"name": "Bo"}, "scope": {"restrict": True, "description": "Cooking"}}
    assert places(before, after) == [
        ("persona.name", "Ada", "Bo"),
        ("scope.restrict", None, True),
        ("scope.description", None, "Cooking"),
        ("behaviours.crude_language.state", "on", None),
    ]


def test_topics_are_told_apart_by_name():
    before = {"scope": {"allowed": [{"name": "A", "examples": ["1"]}, {"name": "B"}]}}
    after = {"scope": {"allowed": [{"name": "C"}, {"name": "A", "examples": ["1", "2"]}]}}
    assert places(before, after) == [
        ("scope.allowed[C]", None, {}),
        ("scope.allowed[A].examples", ["1"], ["1", "2"]),
        ("scope.allowed[B]", {}, None),
    ]


def test_an_order_is_a_difference_too():
    topics = [{"name": "A"}, {"name": "B"}]
    assert places({"scope": {"allowed": topics}}, {"scope": {"allowed": topics[::-1]}}) == [
        ("scope.allowed", ["A", "B"], ["B", "A"])
    ]


def test_settings_of_another_time_are_compared_as_well():
    assert places({"gone": {"x": [1, None]}}, {}) == [("gone.x", [1], None)]
