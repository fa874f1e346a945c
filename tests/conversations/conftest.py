"""A second web process, beside the one of tests/conftest.py: on the same database, with the same Valkey."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.model_server import ModelServer
from tests.support.product import free_port
from tests.support.product import web as serve


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
