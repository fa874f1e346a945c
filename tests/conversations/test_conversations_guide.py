"""The examples of docs/api/conversations.md, run as they stand."""

import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs/api/conversations.md"


def test_the_examples_run(web, key, capsys):
    code = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL))
    names: dict[str, object] = {}
    exec(code.replace("http://127.0.0.1:8000", web).replace("plk_…", key), names)  # noqa: S102 - our own guide
    names["client"].close()
    told = capsys.readouterr().out
    assert "The message is answered" in told
    assert "(rule behaviours.explicit_content)" in told
    assert "'user_adjustments': {'blunt_feedback': True}" in told
