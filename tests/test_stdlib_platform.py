"""The folder platform/ must not shadow Python's own module `platform`, whoever starts us."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ASK = "import platform; print(platform.python_implementation())"


def test_under_pytest():
    assert platform.python_implementation() == "CPython"


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "shell", "-v", "0", "-c", ASK],
        ["-c", f"import config.asgi; {ASK}"],
        ["-c", f"import config.celery; {ASK}"],
    ],
    ids=["manage.py", "asgi", "celery"],
)
def test_under_our_programs(command):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "CPython"


def test_the_folder_is_no_package():
    assert not (ROOT / "platform" / "__init__.py").exists()
