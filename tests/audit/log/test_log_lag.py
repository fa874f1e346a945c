"""A log that falls behind is seen: at /readyz, by the watch that beat starts, and on the stewards' page."""

import logging
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from django.conf import settings
from django.db import connection

from audit.log.names import Name
from audit.log.tasks import watch
from audit.log.writer import INSERT_ENTRIES, entry_parameters, entry_row
from tests.audit.log.log_support import Log


def wait_for(seconds: float) -> None:
    """An entry that has waited so long."""
    at = datetime.now(UTC) - timedelta(seconds=seconds)
    row = entry_row(Name.KEY_CREATED, actor=("platform", "test"), subject=("key", 1), at=at)
    with connection.cursor() as cursor:
        cursor.execute(INSERT_ENTRIES, entry_parameters([row]))


def test_the_watch_tells_of_an_entry_that_waits_too_long(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    wait_for(1)
    with caplog.at_level(logging.INFO, logger="audit.log.tasks"):
        assert watch()
        assert caplog.text == ""
        wait_for(100)
        assert not watch()
        assert "2 entries wait" in caplog.text
        with log.appender() as appender:
            appender.drain()
        assert watch()


def test_beat_starts_the_watch() -> None:
    assert watch.name in {one["task"] for one in settings.CELERY_BEAT_SCHEDULE.values()}


def test_readyz_tells_how_far_it_is_behind(web: str, log: Log) -> None:
    ready = httpx2.get(f"{web}/readyz").json()
    assert (ready["log"], ready["log_pending"], ready["log_oldest_seconds"]) == ("ok", 0, 0)
    wait_for(100)
    behind = httpx2.get(f"{web}/readyz")
    assert behind.status_code == 200
    assert (behind.json()["log"], behind.json()["log_pending"]) == ("behind", 1)
    assert behind.json()["log_oldest_seconds"] >= 100
