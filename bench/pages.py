"""Measures the server time of every console page with 100,000 conversations, and counts its queries.

    .venv/bin/python -m embedded exec --directory .local/bench-pages -- .venv/bin/python bench/pages.py
    … bench/pages.py --conversations 10000   # a look

Fills the database it is given (DATABASE_URL) where that is empty; one that is filled is measured as it is. Each page is
asked for in this process, through all of its middleware, as a member, a reviewer or a steward sees it. Server time is
the CPU of this process and of the database's, so that it tells the same on a machine that others use too. Writes
bench/pages.md.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform"), str(ROOT / "bench")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ |= {"PLUMBLINE_DEBUG": "", "PLUMBLINE_SECRET_KEY": "bench", "PLUMBLINE_LOG_LEVEL": "CRITICAL"}
os.environ["PLUMBLINE_ALLOWED_HOSTS"] = "localhost"

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import URLPattern, URLResolver, get_resolver  # noqa: E402
from filling import CONVERSATIONS, Filler  # noqa: E402

from conversations.models import Conversation, Turn  # noqa: E402
from operators.keys import create_key  # noqa: E402
from operators.management.commands.seed_demo import CODING, OPERATOR, REVIEWER, STEWARD, _seed  # noqa: E402
from operators.models import Account, Deployment  # noqa: E402
from operators.publishing import publish  # noqa: E402

LARGEST_MS = 100.0
TIMES = 11
NOT_PAGES = re.compile(r"^(sign-|admin|accounts/|mail|plumbline\.py|docs|healthz|.*\.(toml|json)$)|(sign-out|/sent)")
FILTERS = {
    "conversations": [
        "outcome=redirect", "outcome=end", "tier=1", "tier=2", "marked=flagged", "marked=failed", "marked=batch",
        "marked=deleted", "marked=ended", "user=user-17", "outcome=redirect&marked=flagged&tier=3",
        "user=user-17&outcome=decline", "since=2020-01-01&until=2100-01-01", "after={middle}", "before={middle}",
        "outcome=redirect&after={middle}",
    ],
    "all-conversations": ["outcome=redirect", "marked=flagged", "after={middle}"],
    "usage": ["by=hour", "by=day&from={long_ago}", "csv=outcomes", "csv=topics"],
}  # fmt: skip


class Measured(NamedTuple):
    """Milliseconds: by the wall's clock, and of CPU in this process and in the database's."""

    path: str
    least: float
    page: float
    database: float
    queries: int

    @property
    def work(self) -> float:
        return self.page + self.database


def main() -> int:
    options = _options()
    call_command("migrate", verbosity=0)
    if not Conversation.objects.exists():
        seconds = Filler(_deployments()).fill(options.conversations, 4 * options.conversations)
        print(f"filled in {seconds:.0f} s", flush=True)
    turns, conversations = Turn.objects.count(), Conversation.objects.count()
    measured = list(_measured(_values(Deployment.objects.get(name="Coding helper"))))
    for who, one in measured:
        times = f"{one.work:>6.1f} ms of work, {one.database:>5.1f} of it the database's, wall {one.least:>6.1f}"
        print(f"{who:<9} {times} {one.queries:>3} queries  {one.path}", flush=True)
    if conversations == CONVERSATIONS:
        (ROOT / "bench" / "pages.md").write_text(_report(measured, conversations, turns))
    slow = [one.path for _, one in measured if one.work >= LARGEST_MS]
    print(f"over {LARGEST_MS:.0f} ms: {slow or 'none'}")
    return 1 if slow else 0


def _deployments() -> list[Deployment]:
    """The demo's, which most conversations are of, and four beside it."""
    _seed()
    first = Deployment.objects.get()
    for number in range(4):
        other = Deployment.objects.create(operator=first.operator, name=f"App {number}")
        publish(other, CODING, by=None)
        create_key(other, "app", by=None)
    return [first, *Deployment.objects.exclude(pk=first.pk)]


def _values(deployment: Deployment) -> dict[str, Any]:
    """What routes are filled with: a conversation from the middle, so that no page is warm by chance."""
    shown = Conversation.objects.filter(deployment=deployment, deleted_at=None).order_by("id")
    middle = shown[shown.count() // 2]
    return {
        "deployment_id": deployment.pk,
        "operator_id": deployment.operator_id,
        "key_id": deployment.keys.first().pk,
        "conversation_id": middle.pk,
        "turn_id": Turn.objects.filter(conversation=middle).first().pk,
        "number": 1,
        "middle": middle.pk,
        "long_ago": f"{middle.created_at:%Y-%m-%d}",
    }


def _measured(values: dict[str, Any]) -> Iterator[tuple[str, Measured]]:
    """Each page that somebody may see, with who."""
    people = {"operator": OPERATOR, "reviewer": REVIEWER, "steward": STEWARD}
    clients = {}
    for who, email in people.items():
        clients[who] = Client(SERVER_NAME="localhost")
        clients[who].force_login(Account.objects.get(email=email))
    for name, route in _routes(get_resolver("config.urls")):
        if NOT_PAGES.search(route) or not set(re.findall(r"<(?:\w+:)?(\w+)>", route)) <= set(values):
            continue
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), route)
        for who, client in clients.items():
            if client.get(path, secure=True).status_code == 200:
                for query in ["", *FILTERS.get(name, [])]:
                    yield who, _one(client, path + (f"?{query.format(**values)}" if query else ""))
                break


def _one(client: Client, path: str) -> Measured:
    asked: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        client.get(path, secure=True)
    backend = connection.connection.info.backend_pid
    times, worked, in_database = [], time.process_time(), _cpu(backend)
    for _ in range(TIMES):
        began = time.perf_counter()
        client.get(path, secure=True)
        times.append((time.perf_counter() - began) * 1000)
    ours = (time.process_time() - worked) * 1000 / TIMES
    return Measured(path, min(times), ours, (_cpu(backend) - in_database) * 1000 / TIMES, len(asked))


def _cpu(pid: int) -> float:
    """Seconds that a process of this machine has worked (Linux)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, str]]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            if one.namespace != "admin":
                yield from _routes(one, route)
        elif isinstance(one, URLPattern) and not route.startswith("^"):
            yield one.name or "", route


def _report(measured: list[tuple[str, Measured]], conversations: int, turns: int) -> str:
    plain = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
    rows = "\n".join(
        f"| `{plain.sub('…', one.path)}` | {who} | {one.work:.0f} | {one.database:.0f} | {one.least:.0f}"
        f" | {one.queries} |"
        for who, one in measured
    )
    load = os.getloadavg()[0]
    machine = f"the load of the machine at the end was {load:.1f} on {os.cpu_count()} cores"
    return f"""# Server time of the console's pages

Written by `bench/pages.py`. {conversations:,} conversations with {turns:,} turns over 90 days, four in five of one
deployment; {machine}. Server time is CPU, the mean of {TIMES} times; the clock's
is what it took at its fastest, others' work on the machine included.

| page | who | server time, ms | of it the database's | least by the clock, ms | queries |
| --- | --- | --- | --- | --- | --- |
{rows}
"""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=CONVERSATIONS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
