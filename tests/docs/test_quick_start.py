"""docs/api/README.md: five minutes in curl and TypeScript, run as they stand. Its Python runs with the other pages'."""

import re
import subprocess
from pathlib import Path

import pytest

from conversations.models import Turn
from tests.support.typescript import node

PAGES = Path(__file__).resolve().parents[2] / "docs" / "api"
GUIDE = (PAGES / "README.md").read_text()


@pytest.fixture
def blocks(web, key):
    """`blocks(language)`: the code in the guide, for the running server."""

    def of(language: str) -> list[str]:
        found = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
        return [code.replace("http://127.0.0.1:8000", web).replace("plk_…", key) for code in found]

    return of


def run(*command: str, folder: Path) -> str:
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_curl_streams_an_answer_and_tells_why(blocks, tmp_path):
    ask, why = blocks("sh")
    told = run("sh", "-c", ask, folder=tmp_path)
    assert told.startswith("event: message_start")
    assert told.rstrip().endswith('data: {"type":"message_stop"}')
    turn = Turn.objects.get()
    assert "The message is answered" in run("sh", "-c", why.replace("TURN", str(turn.pk)), folder=tmp_path)


def test_typescript_streams_an_answer(blocks, tmp_path):
    (script,) = blocks("typescript")
    (tmp_path / "ask.ts").write_text(script)
    told = run(node(tmp_path), str(tmp_path / "ask.ts"), folder=tmp_path)
    assert "scripted answer" in told
    assert told.rstrip().endswith("answer")
    assert Turn.objects.count() == 1


def test_each_page_is_in_the_index_and_each_link_leads_to_one():
    named = set(re.findall(r"\]\(([a-z]+\.md)(?:#[a-z-]+)?\)", GUIDE))
    assert named == {page.name for page in PAGES.glob("*.md")} - {"README.md"}
