"""What every test shares: the test database without the log's append-only triggers, and no stray state."""

import os

import pytest

os.environ.setdefault("PLUMBLINE_SECRET_KEY", "only-for-tests")
os.environ.setdefault("PLUMBLINE_DEBUG", "1")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> None:
    """Transactional tests flush by TRUNCATE, which production refuses: only the test database lets them."""
    from tests.audit.log.log_database import allow_flush

    with django_db_blocker.unblock():
        allow_flush()
