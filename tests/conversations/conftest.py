"""Plain HTTP beside the official clients, for what they do not know, and a second web process on the same database."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from operators.models import Deployment
from tests.support.model_server import ModelServer
from tests.support.product import free_port
from tests.support.product import web as serve


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


@pytest.fixture(scope="session")
def second_web_session(
    django_db_setup: None, django_db_blocker: Any, model_session: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    log = tmp_path_factory.mktemp("second-web") / "web.log"
    with django_db_blocker.unblock(), serve(free_port(), {"ANTHROPIC_BASE_URL": model_session.url}, log) as address:
        yield address


@pytest.fixture
def second_web(transactional_db: None, second_web_session: str) -> str:
    return second_web_session
