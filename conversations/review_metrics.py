"""How the review jobs get on: what waits, for how long, what was done or given up. For a page and a scraper."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from conversations.jobs import TASKS
from conversations.models import BatchedReview, Job, JudgeState

LATELY = timedelta(hours=1)


@dataclass(frozen=True)
class Queue:
    """One kind of review. `lag_seconds`: since the oldest turn whose review is due and not done."""

    kind: str
    due: int
    in_hand: int
    waiting: int
    """For a judge that is away, a batch, or after a failure."""
    lag_seconds: float
    done_lately: int
    given_up: int


def queues() -> list[Queue]:
    now = timezone.now()
    is_due = Q(due_at__lte=now)
    still_open = Job.objects.filter(done_at=None, dead_at=None).values("kind")
    counted = {
        row["kind"]: row
        for row in still_open.annotate(
            due=Count("pk", filter=is_due & Q(handed_at=None)),
            in_hand=Count("pk", filter=Q(handed_at__isnull=False)),
            later=Count("pk", filter=Q(handed_at=None, due_at__gt=now)),
            oldest=Min("created_at", filter=is_due),
        )
    }
    done = _by_kind(Job.objects.filter(done_at__gte=now - LATELY))
    dead = _by_kind(Job.objects.filter(done_at=None, dead_at__isnull=False))
    return [_queue(kind, counted.get(kind, {}), now, done.get(kind, 0), dead.get(kind, 0)) for kind in sorted(TASKS)]


def _queue(kind: str, row: dict[str, Any], now: Any, done: int, dead: int) -> Queue:
    oldest = row.get("oldest")
    lag = (now - oldest).total_seconds() if oldest else 0.0
    return Queue(kind, row.get("due", 0), row.get("in_hand", 0), row.get("later", 0), max(0.0, lag), done, dead)


def _by_kind(jobs: Any) -> dict[str, int]:
    return dict(jobs.values_list("kind").annotate(Count("pk")))


def judge_rests() -> bool:
    return JudgeState.objects.filter(rests_until__gt=timezone.now()).exists()


def text() -> str:
    """The same in the text format that Prometheus reads."""
    return "\n".join([*_lines(queues()), ""])


def _lines(found: list[Queue]) -> Iterator[str]:
    measures = (
        ("due", "Reviews that may begin now", "due"),
        ("in_hand", "Reviews that workers have", "in_hand"),
        ("waiting", "Reviews put off: a judge that is away, a batch, a failure", "waiting"),
        ("lag_seconds", "Age of the oldest turn whose review is due and not done", "lag_seconds"),
        ("done_last_hour", "Reviews finished within the last hour", "done_lately"),
        ("given_up", "Reviews given up, which a steward must look at", "given_up"),
    )
    for name, words, field in measures:
        yield f"# HELP plumbline_reviews_{name} {words}."
        yield f"# TYPE plumbline_reviews_{name} gauge"
        for queue in found:
            yield f'plumbline_reviews_{name}{{kind="{queue.kind}"}} {getattr(queue, field):g}'
    yield "# HELP plumbline_judge_rests Whether the judge failed several times in a row and is left alone."
    yield "# TYPE plumbline_judge_rests gauge"
    yield f"plumbline_judge_rests {int(judge_rests())}"
    yield "# HELP plumbline_reviews_batched Questions on their way in batches."
    yield "# TYPE plumbline_reviews_batched gauge"
    counted = dict(BatchedReview.objects.filter(job__done_at=None).values_list("state").annotate(Count("pk")))
    for state in ("waiting", "sending", "sent"):
        yield f'plumbline_reviews_batched{{state="{state}"}} {counted.get(state, 0)}'
