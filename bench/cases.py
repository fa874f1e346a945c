"""The reviewers' room with very many open cases: claims, the list and its filters, each timed.

    python -m embedded exec -- python bench/cases.py [--cases 100000] [--write]

It makes a database of its own beside the one that DATABASE_URL names, and drops it again. `--write` puts the table into
cases.md.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from log import ROOT, database, manage

TIMES = 15
REVIEWERS = 40
OUT = Path(__file__).with_name("cases.md")
MARK = "<!-- results: written by bench/cases.py -->\n"
TICK = os.sysconf("SC_CLK_TCK")

# Severities as reviews give them, so that very many cases tie; a twentieth is mandatory, a fiftieth for stewards.
FILL = """
INSERT INTO conversations_conversation (id, deployment_id, user_ref)
SELECT gen_random_uuid(), (%(deployments)s::uuid[])[1 + n %% cardinality(%(deployments)s::uuid[])], 'user-' || n %% 5000
FROM generate_series(1, %(cases)s) AS n;
INSERT INTO audit_cases_case (id, conversation_id, queue, mandatory, severity, reason, status, stage, opened_at, due_at,
    verdict, verdict_rule, verdict_note, operator_note, ended_conversation, claimed_by_id, lease_until)
SELECT gen_random_uuid(), id,
    (ARRAY['harm', 'harm', 'harm', 'people', 'model', 'quality', 'quality', 'appeals'])[1 + n %% 8], n %% 20 = 0,
    (ARRAY[0.7, 0.75, 0.8, 0.85, 0.9, 0.95])[1 + n %% 6], 'Suspected harm.fraud, answered', 'open',
    CASE WHEN n %% 50 = 0 THEN 'steward' WHEN n %% 10 = 1 THEN 'second' ELSE 'first' END,
    now() - n * interval '7 seconds', now() + (n %% 4000 - 500) * interval '1 minute', '', '', '', '', false,
    CASE WHEN n %% 400 = 20 THEN %(busy)s::uuid END, CASE WHEN n %% 400 = 20 THEN now() + interval '1 hour' END
FROM (SELECT id, row_number() OVER () AS n FROM conversations_conversation) AS made;
INSERT INTO audit_cases_assessment (id, case_id, reviewer_id, stage, grave, claimed_at, submitted_at, verdict, rule,
    note, operator_note)
SELECT gen_random_uuid(), id, %(veteran)s, 'first', false, opened_at, opened_at + interval '1 minute', 'no_action', '',
    '', ''
FROM audit_cases_case WHERE stage = 'second';
"""


@dataclass(frozen=True)
class Measured:
    what: str
    wall: float
    """Milliseconds, the median; `worst` the slowest, `web` and `base` of a processor, here and in PostgreSQL."""
    worst: float
    web: float
    base: float
    queries: int


def fill(count: int) -> dict[str, Any]:
    from django.db import connection

    from operators.models import Account, Deployment, Operator

    def person(name: str, **more: bool) -> Account:
        made: Account = Account.objects.create_user(f"{name}@bench.example", "bench", **{"is_reviewer": True, **more})
        return made

    deployments = [
        Deployment.objects.create(operator=operator, name=f"App {n}")
        for operator in (Operator.objects.create(name=f"Operator {n}") for n in range(50))
        for n in range(4)
    ]
    people = {"busy": person("busy"), "veteran": person("veteran"), "steward": person("steward", is_steward=True)}
    parameters = {"cases": count, "deployments": [one.pk for one in deployments]}
    parameters |= {name: one.pk for name, one in people.items()}
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n")[:-1]:
            cursor.execute(statement, parameters)
        cursor.execute("VACUUM ANALYZE")
    return people | {"fresh": [person(f"fresh-{n}") for n in range(REVIEWERS)]}


def measured(what: str, do: Callable[[int], Any], times: int = TIMES) -> Measured:
    from django.db import connection

    queries = []

    def counted(execute: Callable[..., Any], *rest: Any) -> Any:
        queries.append(rest[0])
        return execute(*rest)

    do(0)  # what is looked up once a process
    with connection.execute_wrapper(counted):
        do(1)
    walls, web, base = [], time.process_time(), _base()
    for n in range(2, times + 2):
        began = time.perf_counter()
        do(n)
        walls.append((time.perf_counter() - began) * 1000)
    web, base = (time.process_time() - web) * 1000 / times, (_base() - base) * 1000 / times
    return Measured(what, median(walls), max(walls), web, base, len(queries))


def _base() -> float:
    """Seconds of a processor that this connection's own process of PostgreSQL has used."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def claims(people: dict[str, Any]) -> list[Measured]:
    from django.db.models import Q

    from audit.cases.claiming import claim_next, release
    from audit.cases.exposure import profile_of

    def take(who: Any, wanted: Q | None = None) -> None:
        claimed = claim_next(who, wanted)
        assert claimed is not None, "nothing was handed out"  # noqa: S101 - a measurement of nothing is none
        release(claimed, by=who)

    fresh = people["fresh"]
    one_queue = fresh[-1]
    profile = profile_of(one_queue)
    profile.queues = ["model"]
    profile.save()
    spent = fresh[-2]
    profile = profile_of(spent)
    profile.grave_a_day = 0
    profile.save()
    named = Q(conversation__deployment__operator__name__icontains="operator 7")
    return [
        measured("claim and give back, each time another reviewer", lambda n: take(fresh[n % (REVIEWERS - 2)])),
        measured("the same, a reviewer of one queue", lambda _: take(one_queue)),
        measured("the same, who has had their grave cases of the day", lambda _: take(spent)),
        measured("the same, who gave every first verdict", lambda _: take(people["veteran"])),
        measured("the same, a steward", lambda _: take(people["steward"])),
        measured("the same, within the filter of one operator", lambda _: take(fresh[0], named)),
        measured("the same, within a filter of stage", lambda _: take(fresh[1], Q(stage="second"))),
    ]


def pages(people: dict[str, Any]) -> list[Measured]:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.force_login(people["fresh"][2])

    def get(path: str) -> Any:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)  # noqa: S101
        return answer

    def found(query: str) -> Measured:
        return measured(f"`/cases/{query}`", lambda _: get(f"/cases/{query}"))

    queries = ("", "?queue=people", "?stage=steward", "?severity=grave", "?severity=lighter", "?late=on")
    rows = [found(query) for query in (*queries, "?operator=operator+7", "?operator=nobody", "?status=closed")]
    return [*rows, measured("`/cases/`, a page far down", lambda _: get(f"/cases/?after={_far_down()}"))]


def _far_down() -> str:
    """The place half way through."""
    from audit.cases.models import Case
    from audit.cases.paging import page
    from audit.cases.views.room import OPEN_ORDER

    if not hasattr(_far_down, "place"):
        waiting = Case.objects.filter(status="open")
        half = waiting.order_by(*OPEN_ORDER)[waiting.count() // 2]
        _far_down.place = page(Case.objects.filter(pk__in=[half.pk, *_last()]), OPEN_ORDER, "", 1)[1]  # type: ignore[attr-defined]
    return str(_far_down.place)  # type: ignore[attr-defined]


def _last() -> list[Any]:
    from audit.cases.models import Case

    return [Case.objects.filter(status="open").last().pk]  # type: ignore[union-attr]


def table(rows: list[Measured]) -> str:
    lines = [
        "| what | median, ms | slowest, ms | web CPU, ms | PostgreSQL CPU, ms | queries |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {one.what} | {one.wall:.1f} | {one.worst:.1f} | {one.web:.1f} | {one.base:.1f} | {one.queries} |"
        for one in rows
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with database(os.environ["DATABASE_URL"]) as url:
        os.environ |= {
            "DATABASE_URL": url,
            "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
        manage("migrate", "--verbosity", "0")
        import django

        django.setup()
        from django.db import connection

        began = time.monotonic()
        people = fill(options.cases)
        filled = time.monotonic() - began
        rows = claims(people) + pages(people)
        connection.close()
    words = (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {options.cases:,} open cases, made in {filled:.0f} s;"
        f" each {TIMES} times. Load average of the machine before: {load:.1f}."
    )
    print(words, table(rows), sep="\n\n")
    if options.write:
        OUT.write_text(OUT.read_text().partition(MARK)[0] + f"{MARK}\n{words}\n\n{table(rows)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
