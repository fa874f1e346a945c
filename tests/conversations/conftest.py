"""What the tests of the API share: plain HTTP beside the official clients, and workers of batches."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from operators.models import Deployment
from tests.support.batches import surroundings, workers
from tests.support.model_server import ModelServer
from tests.support.queue import empty_queue


@pytest.fixture
def api(web: str, key: str) -> Iterator[httpx2.Client]:
    """The same deployment as the official client's."""
    with httpx2.Client(base_url=web, headers={"x-api-key": key}, timeout=20) as made:
        yield made


@pytest.fixture
def stranger(web: str, new_key: Callable[..., tuple[Deployment, str]]) -> Iterator[httpx2.Client]:
    """A client of another operator's deployment."""
    with httpx2.Client(base_url=web, headers={"x-api-key": new_key()[1]}, timeout=20) as made:
        yield made


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
