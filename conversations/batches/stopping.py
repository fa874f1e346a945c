"""Whether this worker was told to stop. Celery tells its parent process, which shares this with the one that works."""

import multiprocessing
from typing import Any

from celery.signals import worker_shutting_down

# Made before the fork, in memory that both see.
_told = multiprocessing.RawValue("b", 0)


def stopping() -> bool:
    return bool(_told.value)


@worker_shutting_down.connect
def _tell(**_: Any) -> None:
    _told.value = 1
