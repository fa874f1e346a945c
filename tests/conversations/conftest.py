"""What the tests of batches share."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import queue
from tests.support.batches import surroundings, workers
from tests.support.model_server import ModelServer


@pytest.fixture(scope="module")
def working(
    django_db_setup: None,
    django_db_blocker: Any,
    model_session: ModelServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Relay and worker of batches, for all tests of a module."""
    queue.empty()
    with django_db_blocker.unblock():
        environment = surroundings(model_session.url)
    with workers(tmp_path_factory.mktemp("batches") / "workers.log", environment):
        yield
