"""The same counting without Valkey: one process by itself, with its share of every limit."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from uuid import UUID

from conversations.limits.asking import INPUT, OUTPUT, REQUESTS, STREAMS, Ask, Verdict, rates
from operators.allowances import Subject

REMEMBERED = 20_000


class LocalBuckets:
    """Buckets by subject, and running streams. A bucket that is not there is full. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[UUID, tuple[float, list[float | None]]] = OrderedDict()

    def admit(self, subjects: Sequence[Subject], ask: Ask, running: Sequence[int], processes: int) -> Verdict:
        """running: this process's streams of each subject; processes: among how many the limits are divided."""
        now = self._clock()
        refusals: list[tuple[float, int, int]] = []
        levels: list[list[float | None]] = []
        for whose, subject in enumerate(subjects):
            level = self._level(subject, now, processes)
            levels.append(level)
            for what, (most, asked) in enumerate(zip(_shares(subject, processes), ask.costs, strict=True), REQUESTS):
                here = level[what - REQUESTS]
                if most is None or here is None or not asked:
                    continue
                if not most:
                    refusals.append((float("inf"), what, whose))
                elif here < (needed := min(asked, most)):
                    refusals.append(((needed - here) * 60 / most, what, whose))
            streams = subject.allowance.streams
            if ask.stream and streams is not None and running[whose] >= streams / processes:
                refusals.append((1.0 if streams else float("inf"), STREAMS, whose))
        if refusals:
            seconds, what, whose = max(refusals)
            return Verdict(what, whose, None if seconds == float("inf") else seconds, _left(levels))
        for subject, level in zip(subjects, levels, strict=True):
            taken = [None if here is None else here - asked for here, asked in zip(level, ask.costs, strict=True)]
            self._keep(subject, now, taken)
        return Verdict(0, 0, 0.0, _left([self._buckets[subject.id][1] for subject in subjects]))

    def settle(self, subjects: Sequence[Subject], input_back: int, output_back: int, processes: int) -> None:
        now = self._clock()
        back = (0, input_back, output_back)
        for subject in subjects:
            level = self._level(subject, now, processes)
            self._keep(
                subject, now, [None if here is None else here + more for here, more in zip(level, back, strict=True)]
            )

    def _level(self, subject: Subject, now: float, processes: int) -> list[float | None]:
        at, kept = self._buckets.get(subject.id, (now, [None, None, None]))
        return [
            None if most is None else most if here is None else min(most, here + (now - at) * most / 60)
            for most, here in zip(_shares(subject, processes), kept, strict=True)
        ]

    def _keep(self, subject: Subject, now: float, level: list[float | None]) -> None:
        self._buckets[subject.id] = (now, level)
        self._buckets.move_to_end(subject.id)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)


def _shares(subject: Subject, processes: int) -> list[float | None]:
    """A share is never so small that it lets nothing through: only 0 does."""
    return [None if most is None else max(most / processes, min(1, most)) for most in rates(subject)]


def _left(levels: Sequence[Sequence[float | None]]) -> tuple[tuple[int | None, int | None, int | None], ...]:
    return tuple(
        tuple(None if here is None else max(0, int(here)) for here in level)  # type: ignore[misc]
        for level in levels
    )


assert (REQUESTS, INPUT, OUTPUT) == (1, 2, 3)  # noqa: S101 - the order of `rates` and of Ask.costs
