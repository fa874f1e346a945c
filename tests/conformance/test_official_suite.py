"""The official Python client's own tests of its API, run against a running Plumbline.

They send every field of a request, plain and streaming, and check the types of what comes back strictly. Only the
names of models and of the batch are changed, to ones that exist.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import anthropic
import pytest
from anthropic.resources.messages import DEPRECATED_MODELS

from tests.conformance.fetch import source
from tests.conversations.catalogue import model as make_model
from tests.support.batches import ended, make
from tests.support.waiting import until

SUITES = (
    "test_messages.py",
    "test_models.py",
    "messages/test_batches.py",
    "beta/test_messages.py",
    "beta/test_models.py",
    "beta/messages/test_batches.py",
)
SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = session
asyncio_default_test_loop_scope = session
filterwarnings = error
markers = respx: its answers would be made up; they are the server's
addopts = -p no:django -p no:playwright -p no:randomly -p no:cacheprovider -q --tb=short
"""

pytestmark = pytest.mark.skipif(
    not source().exists(), reason="the official client's own tests are not here: `make conformance` fetches them"
)


@pytest.fixture
def suite(tmp_path: Path, client: anthropic.Anthropic, working: None) -> Path:
    """A copy of the client's tests, which ask for the model `default` and for a batch that has ended."""
    ended(client, batch := make(client, "One?", "Two?"))
    copy = tmp_path / "tests"
    for name in ("__init__.py", "utils.py", "api_resources/__init__.py"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source() / "tests" / name, copy / name)
    for name in SUITES:
        text = (source() / "tests" / "api_resources" / name).read_text()
        named = re.sub(r'(model(?:_id)?)="(?:claude-opus-5-5|model_id)"', r'\1="default"', text)
        named = re.sub(r'"model": "claude-opus-5-5"', '"model": "default"', named)
        named = named.replace('"message_batch_id"', f'"{batch.id}"').replace("/message_batch_id", f"/{batch.id}")
        assert named != text, name
        (copy / "api_resources" / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / "api_resources" / name).write_text(named)
        (copy / "api_resources" / name).with_name("__init__.py").touch()
    shutil.copy(Path(__file__).with_name("client_fixtures.py"), copy / "conftest.py")
    # Some would answer themselves in the server's place, by this package: here it only lends a type its name.
    (tmp_path / "respx.py").write_text("class MockRouter: ...\n")
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    return tmp_path


def test_the_official_clients_own_tests_pass(suite, web, key, client):
    # One of them asks every model that the client knows to be deprecated.
    for name in DEPRECATED_MODELS:
        make_model(name, {None: name})
    until(lambda: set(DEPRECATED_MODELS) <= {model.id for model in client.models.list(limit=1000)})
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC_", "DJANGO_", "PYTEST"))
    }
    ran = subprocess.run(
        # Those on results make the server's answers up and ask it nothing; results are read in tests of our own.
        [sys.executable, "-m", "pytest", "tests/api_resources", "-k", "path_params or not _results"],
        cwd=suite,
        env={**kept, "PYTHONPATH": str(suite), "TEST_API_BASE_URL": web, "TEST_API_KEY": key},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2000:]
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed
    assert int(passed[1]) > 150
    assert "skipped" not in ran.stdout
