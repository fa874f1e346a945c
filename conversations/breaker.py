"""A circuit breaker: what keeps failing is left alone for a while, then tried once."""

from collections.abc import Callable


class Breaker:
    """Opens after `failures` in a row; `seconds` later admits one probe, whose outcome closes or opens it again.

    Whoever was admitted must report `succeeded` or `failed`, or `let_go` where it came to neither. `clock` gives
    monotonic seconds.
    """

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float]) -> None:
        self._limit, self._seconds, self._clock = failures, seconds, clock
        self._failures = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def open(self) -> bool:
        return self._opened_at is not None

    @property
    def resting(self) -> bool:
        """Whether it would admit nobody now."""
        if self._opened_at is None:
            return False
        return self._probing or self._clock() - self._opened_at < self._seconds

    def admits(self) -> bool:
        if self.resting:
            return False
        self._probing = self.open
        return True

    def let_go(self) -> None:
        self._probing = False

    def succeeded(self) -> None:
        self._failures, self._opened_at, self._probing = 0, None, False

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= self._limit:
            self._opened_at, self._probing = self._clock(), False
