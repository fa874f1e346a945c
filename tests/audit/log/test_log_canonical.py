import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.log.canonical import MAX_INTEGER, NotCanonical, canonical

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def test_keys_are_sorted_by_utf16_as_in_the_rfc() -> None:
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert canonical(value).decode() == (
        '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",'
        '"\u20ac":"Euro Sign","\U0001f600":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
    )


def test_strings_are_escaped_as_in_the_rfc() -> None:
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
    for code in range(1, 0x100):
        expected = short.get(code) or (f"\\u{code:04x}" if code < 0x20 else chr(code))
        assert canonical(chr(code)) == f'"{expected}"'.encode()
    assert canonical('\u20ac$\u000f\nA\'B"\\\\"/') == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'


@given(VALUES)
def test_what_is_encoded_reads_back_and_encodes_the_same(value: object) -> None:
    encoded = canonical(value)
    assert json.loads(encoded) == value
    assert canonical(json.loads(encoded)) == encoded


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        1.0,
        float("nan"),
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        {1: 2},
        "\0",
        "\ud800",
        {"\ud800": 1},
        {"a": b"x"},
        {1, 2},
    ],
)
def test_what_would_not_be_sure_to_read_back_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical({"deep": [value]})


def test_nesting_is_bounded() -> None:
    value: object = 1
    for _ in range(32):
        value = [value]
    canonical(value)
    with pytest.raises(NotCanonical, match="nested"):
        canonical([value])
