"""The command `plumbline` as a pipeline runs it: one file, Python alone, a folder and two variables."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from operators.cli import plumbline
from operators.keys import create_key
from operators.models import Deployment
from operators.models.deployments import Scope
from tests.support.product import free_port


class Ran(NamedTuple):
    code: int
    out: str
    err: str


class Pipeline:
    """`pipeline("apply", "--check")` runs the command in `folder`."""

    deployment: Deployment

    def __init__(self, web: str, key: str, folder: Path) -> None:
        self.web, self.key, self.folder = web, key, folder
        self.environment = {"PLUMBLINE_URL": web, "PLUMBLINE_KEY": key}

    def __call__(self, *arguments: str, send: str = "") -> Ran:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-X", "utf8", plumbline.__file__, *arguments],
            cwd=self.folder,
            env=self.environment,
            input=send,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def file(self, text: str, name: str = "plumbline.toml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def new_pipeline(web: str, new_key: Callable[..., tuple[Deployment, str]], tmp_path: Path) -> Callable[..., Pipeline]:
    def make(settings: dict[str, object] | None = None) -> Pipeline:
        deployment, _ = new_key(settings)
        pipeline = Pipeline(web, create_key(deployment, "ci", by=None, scopes=Scope.values)[1], tmp_path)
        pipeline.deployment = deployment
        return pipeline

    return make


@pytest.fixture
def offline(tmp_path: Path) -> Pipeline:
    """Without a Plumbline to talk to."""
    return Pipeline(f"http://127.0.0.1:{free_port()}", f"plk_{'a' * 16}_{'b' * 64}", tmp_path)


@pytest.fixture
def pipeline(new_pipeline: Callable[..., Pipeline]) -> Pipeline:
    return new_pipeline()
