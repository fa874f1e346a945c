"""What the documentation says of the charter is so."""

import re
from pathlib import Path

from charter import load_charter

PAGE = (Path(__file__).parents[2] / "docs" / "api" / "charter.md").read_text(encoding="utf-8")


def test_the_example_runs_and_prints_what_it_says(capsys):
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    exec(example, {})  # noqa: S102 - our own documentation
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(load_charter().version)
    assert printed[1:] == re.findall(r"print\(sentence\)  # (.*)", example)


def test_the_digest_in_the_example_is_the_versions():
    number, digest = re.search(r"/charter/([\d.]+)\.json \| sha256sum\n# (\w{64})", PAGE).groups()
    assert load_charter(number).digest == f"sha256:{digest}"
