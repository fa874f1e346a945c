"""What tests share: the running product on the test database, a scripted model, and keys to use it with."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest

from operators.keys import create_key
from operators.models import Deployment, Operator
from operators.publishing import publish
from tests.audit.log.log_database import allow_flush
from tests.support.batches import surroundings, workers
from tests.support.broker import empty_queue
from tests.support.flushing import flush_patiently
from tests.support.model_server import ModelServer, running
from tests.support.product import free_port
from tests.support.product import web as serve

CODING = {
    "scope": {
        "description": "Help with programming and software development.",
        "allowed": [
            {"name": "programming", "examples": ["How do I reverse a list in Python?", "What does this function do?"]},
            {"name": "debugging", "examples": ["Why does my code raise a KeyError?", "Fix this stack trace"]},
            {"name": "git", "examples": ["How do I undo a commit?"]},
        ],
        "refused": [],
        "restrict": True,
    }
}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> None:
    """Transactional tests flush by TRUNCATE, which production refuses: only the test database lets them."""
    with django_db_blocker.unblock():
        allow_flush()
    flush_patiently()


@pytest.fixture(scope="session")
def model_session() -> Iterator[ModelServer]:
    with running() as server:
        yield server


@pytest.fixture
def model(model_session: ModelServer) -> ModelServer:
    """The scripted model server; what it is to do stands in the message, e.g. `[[status:529]]`."""
    model_session.reset()
    return model_session


@pytest.fixture(scope="session")
def web_session(
    django_db_setup: None, django_db_blocker: Any, model_session: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    log = tmp_path_factory.mktemp("web") / "web.log"
    environment = {"ANTHROPIC_BASE_URL": model_session.url, "PLUMBLINE_UPSTREAM_IDLE_SECONDS": "3"}
    environment["PLUMBLINE_UPSTREAM_FIRST_TOKEN_SECONDS"] = "3"
    environment["PLUMBLINE_UPSTREAM_JUDGMENT"] = "good"
    environment["PLUMBLINE_STREAM_PING_SECONDS"] = "0.5"
    environment["PLUMBLINE_PRIVATE_WEBHOOKS"] = "1"
    environment["PLUMBLINE_MAIL_DIR"] = str(log.parent / "mail")
    with django_db_blocker.unblock(), serve(free_port(), environment, log) as address:
        yield address


@pytest.fixture
def web(transactional_db: None, web_session: str, model: ModelServer) -> str:
    """The address of a running web process on the test database; its model has forgotten what other tests told it."""
    return web_session


@pytest.fixture
def new_key(transactional_db: None) -> Callable[..., tuple[Deployment, str]]:
    """`new_key(settings)` makes an operator, a deployment with these settings published, and a key."""

    def make(settings: dict[str, Any] | None = None) -> tuple[Deployment, str]:
        operator = Operator.objects.create(name="Acme")
        deployment = Deployment.objects.create(operator=operator, name="App")
        publish(deployment, settings or {}, by=None)
        return deployment, create_key(deployment, "test", by=None)[1]

    return make


@pytest.fixture
def key(new_key: Callable[..., tuple[Deployment, str]]) -> str:
    return new_key()[1]


@pytest.fixture
def client(web: str, key: str) -> Iterator[anthropic.Anthropic]:
    """The official client, on a deployment without restrictions."""
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0, timeout=20) as made:
        yield made


@pytest.fixture
def coding_client(web: str, new_key: Callable[..., tuple[Deployment, str]]) -> Iterator[anthropic.Anthropic]:
    """The official client, on a coding-only deployment."""
    with anthropic.Anthropic(base_url=web, api_key=new_key(CODING)[1], max_retries=0, timeout=20) as made:
        yield made


@pytest.fixture
def clean_queue() -> None:
    """No task of an earlier test is left in the broker."""
    empty_queue()


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "process.log"


@pytest.fixture(scope="module")
def working(
    django_db_setup: None,
    django_db_blocker: Any,
    model_session: ModelServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Relay and worker of batches, for all tests of a module."""
    empty_queue()
    with django_db_blocker.unblock():
        environment = surroundings(model_session.url)
    with workers(tmp_path_factory.mktemp("batches") / "workers.log", environment):
        yield
