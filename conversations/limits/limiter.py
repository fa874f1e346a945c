"""Admits requests within their limits, puts right what was guessed of them, and keeps running streams remembered."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from conversations import metrics
from conversations.background import Background
from conversations.limits import answers, names
from conversations.limits.asking import MONTH_MONEY, MONTH_TOKENS, UNKNOWN, Ask, Verdict, budgets, month_of, rates
from conversations.limits.local import LocalBuckets
from conversations.limits.months import Months
from conversations.limits.tokens import Used
from conversations.limits.wire import ADMIT, HOLD, SETTLE, AwayError, Part, Wire
from operators.allowances import Subject

LONGEST_STREAM_SECONDS = 2 * 3600
"""One that has not been settled by then is taken for lost."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What was let in, to be settled once. `headers`: what its caller is told of the limits."""

    subjects: tuple[Subject, ...]
    ask: Ask
    stream: str
    """Its id among the running streams; empty for no stream."""
    local: bool
    headers: dict[str, str]


class Limiter:
    """One a process. url, seconds: Valkey's address, and how long it may take.

    lease: seconds after which the streams of a killed process are free again; one that lives says so in time.
    """

    def __init__(self, url: str, *, seconds: float, lease: float) -> None:
        self._lease = lease
        self._wire = Wire(url, seconds)
        self._background = Background()
        self.months = Months(self._wire, self._background)
        self._local = LocalBuckets()
        self._streams: dict[str, tuple[float, tuple[Subject, ...]]] = {}
        """When each began, in monotonic seconds, and whose it is."""
        self._running: Counter[UUID] = Counter()
        self._processes = 1
        self._name = uuid4().hex
        self._task: asyncio.Task[None] | None = None

    @property
    def local(self) -> bool:
        """Whether this process counts by itself."""
        return self._wire.away

    def start(self) -> None:
        self._task = asyncio.create_task(self._hold(), name="limits lease")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._background.stop(5)
        await self._wire.stop()

    async def admit(self, subjects: tuple[Subject, ...], ask: Ask) -> Admission:
        """subjects: the key, its deployment, its operator. Raises ApiError 429 that names the limit and whose it is."""
        stream, local = uuid4().hex if ask.stream else "", False
        try:
            verdict = await self._shared(subjects, ask, stream)
        except AwayError:
            local, verdict = True, await self._alone(subjects, ask)
        metrics.put("limits_local", self.local)
        if verdict.what:
            if verdict.what in {MONTH_TOKENS, MONTH_MONEY}:
                self.months.refused(subjects, verdict.whose)
            raise answers.refusal(subjects, verdict)
        if stream:
            self._streams[stream] = (time.monotonic(), subjects)
            self._running.update(subject.id for subject in subjects)
        return Admission(subjects, ask, stream, local, answers.headers(subjects, verdict))

    def settle(self, admission: Admission, used: Used) -> None:
        """Gives back what was guessed too much, takes what was too little, and frees the stream. Returns at once."""
        subjects, stream = admission.subjects, admission.stream
        self._forget(stream)
        back = (admission.ask.input_tokens - used.limited_input, admission.ask.output_tokens - used.output)
        if admission.local:
            self._local.settle(subjects, *back, self._processes)
        if (back != (0, 0) and not admission.local) or stream:
            taken = (0, 0) if admission.local else back
            limits = [names.limit(most) for subject in subjects for most in rates(subject)[1:]]
            keys = [*names.buckets(subjects), *names.streams(subjects)]
            self._wire.send(SETTLE, keys, [stream, *taken, *limits], unhurried=True)

    def _forget(self, stream: str) -> None:
        _began, subjects = self._streams.pop(stream, (0.0, ()))
        for subject in subjects:
            self._running[subject.id] -= 1
            if not self._running[subject.id]:
                del self._running[subject.id]

    async def _shared(self, subjects: Sequence[Subject], ask: Ask, stream: str) -> Verdict:
        """Valkey's word. Raises AwayError."""
        operator, month = subjects[-1].id, month_of(datetime.now(UTC))
        keys = [*names.buckets(subjects), *names.streams(subjects), names.month(operator, f"{month:%Y-%m}")]
        arguments: list[Part] = [*ask.costs, stream, round(self._lease * 1000)]
        for subject in subjects:
            budget = budgets(subject) if ask.budgets else (None, None)
            limits = (*rates(subject), subject.allowance.streams, *budget)
            arguments += [names.in_month(subject.kind, subject.id), *map(names.limit, limits)]
        self.months.catch_up()
        for _ in range(len(subjects) + 1):
            what, whose, wait, *left = await self._wire.send(ADMIT, keys, arguments)
            if what != UNKNOWN:
                if ask.budgets:
                    self.months.refresh(subjects, month)
                levels = [None if level < 0 else level for level in left]
                each = tuple(tuple(levels[at : at + 3]) for at in range(0, len(levels), 3))
                return Verdict(what, max(0, whose - 1), None if wait < 0 else wait / 1000, each)  # type: ignore[arg-type]
            await self.months.make_known(subjects[whose - 1], operator, month)
        raise AwayError("it forgets what it is told")

    async def _alone(self, subjects: Sequence[Subject], ask: Ask) -> Verdict:
        metrics.add("limits_local_admissions")
        if ask.budgets:
            what, whose = await self.months.used_up(subjects)
            if what:
                return Verdict(what, whose, None, ((None, None, None),) * len(subjects))
        running = [self._running[subject.id] for subject in subjects]
        return self._local.admit(subjects, ask, running, self._processes)

    async def _hold(self) -> None:
        """Says again and again that this process lives, and which streams it runs: Valkey may have lost them too."""
        while True:
            sets: defaultdict[str, list[str]] = defaultdict(list)
            oldest = time.monotonic() - LONGEST_STREAM_SECONDS
            for stream in [stream for stream, (began, _) in self._streams.items() if began < oldest]:
                self._forget(stream)
            for stream, (_, subjects) in self._streams.items():
                for name, subject in zip(names.streams(subjects), subjects, strict=True):
                    if subject.allowance.streams is not None:
                        sets[name].append(stream)
            arguments: list[Part] = [self._name, round(self._lease * 1000)]
            for running in sets.values():
                arguments += [len(running), *running]
            self.months.catch_up()
            with suppress(AwayError):
                (living,) = await self._wire.send(HOLD, [names.PROCESSES, *sets], arguments)
                self._processes = max(1, living)
            metrics.put("limits_local", self.local)
            await asyncio.sleep(self._lease / 3)
