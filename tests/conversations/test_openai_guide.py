"""docs/api/openai.md: its examples run, and it says what becomes of every field."""

import re
from pathlib import Path

import pytest

from conversations.models import Turn
from conversations.openai.answer import FINISH_REASONS
from conversations.openai.errors import KINDS
from conversations.openai.fields import TABLE
from conversations.openai.request import TRANSLATED

GUIDE = Path(__file__).parents[2].joinpath("docs/api/openai.md").read_text()


def test_the_examples_run(web, key, capsys):
    examples = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL))
    exec(examples.replace("http://127.0.0.1:8000", web).replace("plk_…", key), {})  # noqa: S102 - our own guide
    assert "scripted answer" in capsys.readouterr().out
    assert Turn.objects.count() == 2


@pytest.mark.parametrize("word", sorted(TABLE.keys() | TRANSLATED | FINISH_REASONS.keys()))
def test_every_field_and_stop_reason_is_told(word):
    assert f"`{word}`" in GUIDE


@pytest.mark.parametrize("status", [status for status in KINDS if status not in {402, 415}])
def test_every_code_is_told(status):
    assert f"`{KINDS[status][1]}`" in GUIDE
