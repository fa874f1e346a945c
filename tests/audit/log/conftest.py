from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pytest_django import DjangoDbBlocker, Settings

from audit.log.store import connect
from tests.audit.log.log_database import allow_flush
from tests.audit.log.log_support import Log, Processes


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        allow_flush()


@pytest.fixture
def log(transactional_db: None, tmp_path: Path, settings: Settings) -> Log:
    settings.PLUMBLINE_LOG_KEY_FILE = str(tmp_path / "log.key")
    settings.PLUMBLINE_CHECKPOINT_DIR = str(tmp_path / "checkpoints")
    return Log(tmp_path)


@pytest.fixture
def processes(log: Log) -> Iterator[Processes]:
    group = Processes(log)
    yield group
    group.close()


@pytest.fixture
def other(log: Log) -> Iterator[psycopg.Connection]:
    """A second connection, in autocommit."""
    with connect("test-other") as own:
        yield own
