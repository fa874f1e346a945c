"""The Python in the documentation of the API runs as it stands, but for the address and the key."""

import re
from pathlib import Path

import pytest

from operators.keys import create_key
from operators.models.deployments import Scope

PAGES = Path(__file__).resolve().parents[2] / "docs" / "api"
EXAMPLES = [
    pytest.param(code, id=f"{page.stem}-{number}")
    for page in sorted(PAGES.glob("*.md"))
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs(web, new_key, working, code, capsys):
    if "plk_…" not in code:
        pytest.skip("a part of a program only")
    key = create_key(new_key()[0], "examples", by=None, scopes=Scope.values)[1]
    exec(compile(code.replace("http://127.0.0.1:8000", web).replace("plk_…", key), "example", "exec"), {})  # noqa: S102
    assert capsys.readouterr().out
