"""TOML that the command writes reads back as the same data, whatever the texts hold."""

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from charter import settings_differences
from operators.cli.plumbline import to_toml

TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from('"\\\n\r\t\x00\x7f\x85\u2028#=[]{}'))
VALUE = st.recursive(
    TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


TOPICS = st.none() | st.lists(st.fixed_dictionaries({"name": TEXT, "examples": st.none() | st.lists(TEXT, max_size=3)}))
SETTINGS = st.fixed_dictionaries(
    {
        "instructions": st.none() | TEXT,
        "scope": st.none() | st.fixed_dictionaries({"allowed": TOPICS, "refused": TOPICS, "restrict": st.booleans()}),
        "behaviours": st.dictionaries(TEXT, st.none() | st.dictionaries(TEXT, st.none() | TEXT | st.booleans())),
    }
)


@settings(deadline=None)
@given(st.dictionaries(TEXT, VALUE, max_size=5))
def test_any_data_comes_back(data: dict[str, Any]):
    assert tomllib.loads(to_toml(data)) == data


@settings(deadline=None)
@given(SETTINGS)
def test_settings_come_back_to_mean_the_same(before):
    assert settings_differences(before, tomllib.loads(to_toml(before))) == ()


@settings(deadline=None)
@given(st.text('"\\\n', max_size=12))
def test_quotes_and_line_ends_do_not_end_a_text(text):
    assert tomllib.loads(to_toml({"text": text, "after": 1})) == {"text": text, "after": 1}


def test_what_people_read_is_laid_out_for_them():
    data = {
        "scope": {"allowed": [{"name": "Git", "examples": ["How?", "Why?"]}], "restrict": True, "message": None},
        "instructions": 'First.\nThen "second".\n',
    }
    assert to_toml(data) == (
        'instructions = """\nFirst.\nThen "second".\n"""\n\n'
        "[scope]\nrestrict = true\n\n"
        '[[scope.allowed]]\nname = "Git"\nexamples = [\n  "How?",\n  "Why?",\n]\n'
    )
