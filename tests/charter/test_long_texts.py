"""Texts made to be slow to read: each takes about as long as any other of its length, or this test would not end."""

import pytest

from charter import Configuration, Passage
from charter.screens import OutputScreen, observe
from charter.screens.normalise import read

UNITS = ("x", "xж", "x ", "a_-", ".", "1", "QUJD", "ab ", "$a!", "<a ", "don't ")


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_text_of_one_kind_is_read(unit):
    text = (unit * 200_000)[:200_000]
    assert isinstance(observe([Passage(text, "user", "messages[0]")], Configuration()), tuple)
    screen = OutputScreen(Configuration())
    assert screen.feed(text) + screen.close() == text


def test_a_word_that_mixes_scripts_is_read_as_one_however_long():
    assert read("pаssword " + "x" * 100_000 + "а").plain == "password " + "x" * 100_000 + "a"
    assert read("пароль").plain == "пароль"
