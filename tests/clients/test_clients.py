"""Clients that apps use, each in an app of its own that knows nothing of Plumbline but an address and a key."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from conversations.models import Conversation, Turn
from tests.support.typescript import OTHERS, node

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Client:
    """A script in `tests/clients`; `runtime` is the Python it runs under, or Node.js."""

    script: str
    runtime: Path | None

    def __str__(self) -> str:
        return f"{Path(self.script).stem}{'' if self.runtime in {OTHERS, None} else '-current'}"


PYTHON = [
    Client("use_anthropic.py", Path(sys.executable)),
    Client("use_anthropic.py", OTHERS),
    Client("use_langchain.py", OTHERS),
    Client("use_pydantic_ai.py", OTHERS),
    Client("use_llm.py", OTHERS),
]
OPENAI = [Client("use_openai.py", Path(sys.executable)), Client("typescript/openai.ts", None)]
ALL = [*PYTHON, Client("typescript/anthropic.ts", None), *OPENAI]

# Three sentences each: the guard lets text go by the sentence.
FIRST = "Call reversed(items). It is lazy. Or write items[::-1] for a new list."
SECOND = "The slice does. The iterator does not. Mind the difference."

Run = Callable[..., dict[str, Any]]


@pytest.fixture(params=ALL, ids=str)
def run(request: pytest.FixtureRequest, web: str, key: str, tmp_path: Path) -> Run:
    """`run(mode, *questions)` asks them in a conversation of this client and gives what came of it."""
    chosen: Client = request.param
    command = (
        _node(chosen, tmp_path) if chosen.runtime is None else [_python(chosen.runtime), str(HERE / chosen.script)]
    )
    asked = {
        "ANTHROPIC_BASE_URL": web,
        "ANTHROPIC_API_KEY": key,
        "OPENAI_BASE_URL": f"{web}/v1",
        "OPENAI_API_KEY": key,
        "MODEL": settings.UPSTREAM_MODEL,
        "LLM_USER_PATH": str(tmp_path),
        "HOME": str(tmp_path),
    }
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}

    def hold(mode: str, *questions: str) -> dict[str, Any]:
        ran = subprocess.run(
            [*command, mode, *questions],
            env={**kept, **asked},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        return json.loads(ran.stdout)

    return hold


def _python(runtime: Path) -> str:
    if not runtime.exists():
        pytest.skip("no .venv-clients here: `make test` and `make conformance` make it")
    return str(runtime)


def _node(client: Client, folder: Path) -> list[str]:
    script = folder / Path(client.script).name
    shutil.copy(HERE / client.script, script)
    return [node(folder), str(script)]


def recorded() -> list[Turn]:
    """The turns, which must be of one conversation and hold each message once."""
    assert Conversation.objects.count() == 1
    turns = list(Turn.objects.order_by("number"))
    assert [turn.number for turn in turns] == list(range(1, len(turns) + 1))
    assert [len(turn.content["messages"]) for turn in turns] == [1] * len(turns)
    return turns


@pytest.mark.parametrize("mode", ["plain", "stream"])
def test_a_conversation_of_two_turns(run, mode):
    came = run(
        mode,
        f"How do I reverse a list? [[chunks:9]][[say:{FIRST}]]",
        f"Does it copy? [[chunks:6]][[say:{SECOND}]]",
    )
    assert came["answers"] == [FIRST, SECOND]
    if mode == "stream" and came["pieces"] is not None:
        assert came["pieces"] > 2
    assert [turn.content["answer"][-1]["text"] for turn in recorded()] == came["answers"]


def test_a_conversation_with_a_tool(run, model):
    came = run(
        "tools",
        'What is the weather in Bern? [[say:Let me look.]][[tool:weather:{"city": "Bern"}]]',
        "And is that warm? [[say:For Bern it is.]]",
    )
    assert came["called"] == [{"city": "Bern"}]
    assert came["answers"][0].strip().endswith("This is the scripted answer to message 3:")
    assert came["answers"][1] == "For Bern it is."
    asked, told, last = recorded()
    assert asked.stop_reason == "tool_use"
    assert asked.content["answer"][-1]["name"] == "weather"
    assert told.content["messages"][0]["content"][0]["type"] == "tool_result"
    assert "sunny, 21 degrees" in str(model.requests[-2].body["messages"][2])
    assert last.content["answer"] == [{"type": "text", "text": "For Bern it is."}]
