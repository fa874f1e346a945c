"""A lean load generator for the Messages API on loopback: keeps N connections busy and reports what came back.

    python bench/load.py http://127.0.0.1:8000 --key KEY --connections 32 --seconds 5 [--stream]

One JSON object on stdout. Anything but a whole 2xx answer is an error, and an error makes the exit status 1.
It shares the machine with what it measures, so it parses with httptools and builds every request once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import httptools
import uvloop

MESSAGE = "How do I reverse a list in Python?"
GRACE = 30.0  # seconds that answers under way may take after the last request was sent


@dataclass(frozen=True)
class Job:
    """What to send and for how long: at most `seconds`, and at most `count` requests if given."""

    url: str
    key: str = "bench"
    connections: int = 1
    seconds: float = 5.0
    count: int | None = None
    stream: bool = False
    message: str = MESSAGE
    model: str = "default"

    def request(self, connection: int) -> bytes:
        """One whole HTTP request, as the user of this connection sends it."""
        target = urlsplit(self.url)
        body = {
            "model": self.model,
            "max_tokens": 256,
            "stream": self.stream,
            "metadata": {"user_id": f"bench-{connection}"},
            "messages": [{"role": "user", "content": self.message}],
        }
        payload = json.dumps(body).encode()
        head = (
            f"POST {target.path.rstrip('/')}/v1/messages HTTP/1.1\r\nhost: {target.netloc}\r\nx-api-key: {self.key}\r\n"
            f"anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\ncontent-length: {len(payload)}\r\n\r\n"
        )
        return head.encode() + payload


@dataclass
class Tally:
    """What came back. Latencies are seconds, from the request's last byte sent to the answer's last byte."""

    job: Job
    latencies: list[float] = field(default_factory=list)
    first_bytes: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    samples: list[str] = field(default_factory=list)
    sent: int = 0
    started: float = field(default_factory=perf_counter)
    elapsed: float = 0.0

    def may_send(self) -> bool:
        if self.job.count is not None and self.sent >= self.job.count:
            return False
        return perf_counter() - self.started < self.job.seconds

    def fail(self, status: str, text: str) -> None:
        self.statuses[status] += 1
        self.errors += 1
        if len(self.samples) < 3:
            self.samples.append(f"{status}: {text[:300]}")

    def report(self) -> dict[str, Any]:
        return {
            "url": self.job.url,
            "mode": "stream" if self.job.stream else "plain",
            "connections": self.job.connections,
            "seconds": round(self.elapsed, 3),
            "requests": len(self.latencies),
            "requests_per_second": round(len(self.latencies) / self.elapsed, 1) if self.elapsed else 0.0,
            "p50_ms": milliseconds(self.latencies, 0.50),
            "p99_ms": milliseconds(self.latencies, 0.99),
            "first_byte_p50_ms": milliseconds(self.first_bytes, 0.50),
            "first_byte_p99_ms": milliseconds(self.first_bytes, 0.99),
            "errors": self.errors,
            "statuses": dict(self.statuses),
            "error_samples": self.samples,
        }


def milliseconds(values: list[float], quantile: float) -> float | None:
    """The value at `quantile` (nearest rank) in milliseconds; None of no values."""
    if not values:
        return None
    return round(sorted(values)[min(len(values) - 1, int(len(values) * quantile))] * 1000, 2)


class Connection(asyncio.Protocol):
    """One kept-alive connection: sends, reads the whole answer, sends again."""

    def __init__(self, tally: Tally, request: bytes, done: asyncio.Future[None]) -> None:
        self.tally, self.request, self.done = tally, request, done
        self.waiting = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._next()

    def _next(self) -> None:
        if not self.tally.may_send():
            self.transport.close()
            return
        self.parser = httptools.HttpResponseParser(self)
        self.body: list[bytes] = []
        self.waiting = True
        self.tally.sent += 1
        self.transport.write(self.request)
        self.asked = perf_counter()
        self.first: float | None = None

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as failure:
            self.waiting = False
            self.tally.fail("protocol", str(failure))
            self.transport.close()

    def on_body(self, part: bytes) -> None:
        if self.first is None:
            self.first = perf_counter()
        self.body.append(part)

    def on_message_complete(self) -> None:
        now = perf_counter()
        status, whole = self.parser.get_status_code(), b"".join(self.body)
        self.waiting = False
        # A stream has its 200 long before its end: only the last event says that it is whole.
        if not 200 <= status < 300 or (self.tally.job.stream and b"event: message_stop" not in whole):
            self.tally.fail(str(status), whole.decode(errors="replace"))
        else:
            self.tally.statuses[str(status)] += 1
            self.tally.latencies.append(now - self.asked)
            self.tally.first_bytes.append((self.first or now) - self.asked)
        if self.parser.should_keep_alive():
            self._next()
        else:
            self.transport.close()

    def connection_lost(self, failure: Exception | None) -> None:
        if self.waiting:
            self.tally.fail("connection", f"lost before the answer was whole: {failure}")
        if not self.done.done():
            self.done.set_result(None)


async def keep_busy(tally: Tally, index: int) -> None:
    """One connection's worth of load; a server that closes it gets a new one."""
    target = urlsplit(tally.job.url)
    loop, request = asyncio.get_running_loop(), tally.job.request(index)
    while tally.may_send():
        done: asyncio.Future[None] = loop.create_future()
        make = lambda done=done: Connection(tally, request, done)  # noqa: E731
        try:
            await loop.create_connection(make, target.hostname, target.port)
        except OSError as failure:
            tally.fail("connect", str(failure))
            return
        await done


async def measure(job: Job) -> dict[str, Any]:
    """Runs the job and returns its report. ValueError for a target that is not on loopback."""
    host = urlsplit(job.url).hostname or ""
    if host != "localhost" and not ip_address(host).is_loopback:
        raise ValueError(f"{job.url} is not on this machine")
    tally = Tally(job)
    tasks = [asyncio.create_task(keep_busy(tally, index)) for index in range(job.connections)]
    _, stuck = await asyncio.wait(tasks, timeout=job.seconds + GRACE)
    tally.elapsed = perf_counter() - tally.started
    for task in stuck:
        tally.fail("timeout", f"no whole answer {GRACE:.0f} s after the end")
        task.cancel()
    return tally.report()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--key", default=Job.key)
    parser.add_argument("--connections", type=int, default=Job.connections)
    parser.add_argument("--seconds", type=float, default=Job.seconds)
    parser.add_argument("--count", type=int, default=None)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--message", default=Job.message)
    parser.add_argument("--model", default=Job.model)
    report = uvloop.run(measure(Job(**vars(parser.parse_args()))))
    print(json.dumps(report, indent=2))
    return 1 if report["errors"] or not report["requests"] else 0


if __name__ == "__main__":
    sys.exit(main())
