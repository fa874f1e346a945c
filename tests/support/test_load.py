"""The bench's load generator counts what came back, and never takes a broken answer for a good one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import load
from tests.support.model_server import ModelServer, running

LOAD = Path(load.__file__)


@pytest.mark.parametrize("stream", [False, True])
async def test_good_answers_are_counted(stream):
    async with ModelServer() as server:
        report = await load.measure(load.Job(server.url, connections=4, seconds=20, count=40, stream=stream))
        assert len(server.requests) == 40
    assert report["requests"] == 40
    assert report["errors"] == 0
    assert report["statuses"] == {"200": 40}
    assert 0 < report["first_byte_p50_ms"] <= report["p50_ms"] <= report["p99_ms"]


@pytest.mark.parametrize("directive", ["[[status:500]]", "[[cut]]", "[[drop]]", "[[error-mid]]"])
@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_not_a_whole_answer_is_an_error(directive, stream):
    async with ModelServer() as server:
        job = load.Job(server.url, connections=2, seconds=20, count=6, stream=stream, message=f"Hello {directive}")
        report = await load.measure(job)
    assert report["requests"] == 0
    assert report["errors"] == 6
    assert report["error_samples"]


async def test_only_this_machine_is_put_under_load():
    with pytest.raises(ValueError, match="not on this machine"):
        await load.measure(load.Job("http://192.0.2.1:80"))


def test_errors_make_the_exit_status():
    with running() as server:
        command = [sys.executable, str(LOAD), server.url, "--count", "3", "--message", "[[status:529]]"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["statuses"] == {"529": 3}
