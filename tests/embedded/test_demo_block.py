"""What a newcomer is told, and what is kept of it."""

import json
import stat
from pathlib import Path

from embedded import demo
from embedded.files import read_environment

SEEDED = {
    "operator_email": "operator@example.com",
    "reviewer_email": "reviewer@example.com",
    "steward_email": "steward@example.com",
    "password": "a-made-up-one",
    "api_key": "plk_abc_def",
}


def show(values: dict[str, str]) -> str:
    return demo.block(values, note="", model="small", path=Path("demo.env"), python="python")


def test_the_file_is_private_and_has_the_promised_names(tmp_path):
    path = tmp_path / "demo.env"
    demo.remember(path, "http://127.0.0.1:8000", ["a warning", json.dumps(SEEDED)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_environment(path) == {
        "PLUMBLINE_BASE_URL": "http://127.0.0.1:8000",
        "PLUMBLINE_API_KEY": "plk_abc_def",
        "PLUMBLINE_OPERATOR_EMAIL": "operator@example.com",
        "PLUMBLINE_REVIEWER_EMAIL": "reviewer@example.com",
        "PLUMBLINE_STEWARD_EMAIL": "steward@example.com",
        "PLUMBLINE_PASSWORD": "a-made-up-one",
    }


def test_a_later_start_keeps_the_secrets_and_renews_the_address(tmp_path):
    path = tmp_path / "demo.env"
    demo.remember(path, "http://127.0.0.1:8000", [json.dumps(SEEDED)])
    again = demo.remember(path, "http://127.0.0.1:8001", [json.dumps(dict.fromkeys(SEEDED))])
    assert again["PLUMBLINE_API_KEY"] == "plk_abc_def"
    assert again["PLUMBLINE_BASE_URL"] == "http://127.0.0.1:8001"


def test_the_block_shows_a_snippet_of_six_lines_that_compiles(tmp_path):
    text = show(demo.remember(tmp_path / "demo.env", "http://127.0.0.1:8000", [json.dumps(SEEDED)]))
    lines = [line.removeprefix("  ") for line in text.splitlines()]
    first = lines.index("import anthropic")
    snippet = lines[first : lines.index("", first)]
    assert len(snippet) == 6
    compile("\n".join(snippet), "snippet", "exec")
    assert 'api_key="plk_abc_def"' in snippet[1]
    for value in SEEDED.values():
        assert value in text


def test_the_curl_line_carries_a_valid_body(tmp_path):
    text = show(demo.remember(tmp_path / "demo.env", "http://127.0.0.1:8000", [json.dumps(SEEDED)]))
    body = text.split("-d '")[1].split("'")[0]
    assert json.loads(body)["messages"][0]["role"] == "user"
