"""The numbers of one month, over all deployments: counted by the database, never row by row, and nothing that was said
is opened. Members' trials in the playground are left out, and counted apart."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Avg, Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDay
from django.utils import timezone
from psycopg.errors import QueryCanceled

from audit.cases import clocks, quality
from audit.cases.models import Appeal, Case
from audit.cases.models.cases import Verdict
from audit.reports.months import Month
from audit.wellbeing.measures import MEASURES
from audit.wellbeing.models import Point
from conversations.models import Trial, Turn
from operators.models import Deployment

PATIENCE_SECONDS = 30
"""How long any one count may take."""
AGREED_MONTHS = 6
"""Over so many months, this one the last, agreement is told."""
HIGH = 0.5
"""From here on a measure of a turn counts as high."""


class TooMuchError(Exception):
    """A count took longer than PATIENCE_SECONDS."""


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    turns: int
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Volume:
    """`days`: those with turns, in their order. `tiers`: turns by (outcome, tier); a tier may be None."""

    days: list[Day]
    tiers: Mapping[tuple[str, int | None], int]
    turns: int
    conversations: int
    """That began."""
    flagged: int
    failed: int
    """The model did not answer."""
    trials: int
    """In the playground; in none of the other numbers."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The month's turns by how they were reviewed so far."""

    judged: Mapping[str, int]
    """By why a judge read them: TurnReview.Chosen."""
    over_cautious: Mapping[str, int]
    """Of those, by the same, where the judge found over-caution."""
    screens_only: int
    not_yet: int


@dataclass(frozen=True, slots=True)
class Line:
    """A bright line, and turns in whose review a signal of it stood."""

    signal: str
    turns: int
    answered: int
    """By the model to the end: neither turned away nor stopped by the guard."""


@dataclass(frozen=True, slots=True)
class Level:
    """Cases decided in the month that had the same time allowed. `median` and `ninetieth` are seconds from opening."""

    number: int | None
    """0 for mandatory cases, then those of clocks.BY_SEVERITY in their order; None for all."""
    allowed: float
    """Seconds; 0 for all."""
    decided: int
    median: float
    ninetieth: float
    in_time: int


@dataclass(frozen=True, slots=True)
class Cases:
    opened: int
    verdicts: Mapping[str, int]
    """Of those decided in the month, as they stand now."""
    lines_confirmed: int
    """Of those, with a verdict that cites a bright line and is neither `no_action` nor `over_refusal`."""
    levels: list[Level]
    waiting: int
    """At the end of the month, or now."""
    late: int
    """Of those."""


@dataclass(frozen=True, slots=True)
class Appeals:
    made: int
    upheld: int
    overturned: int
    median: float | None
    """Seconds until those decided in the month had their answer."""
    ninetieth: float | None


@dataclass(frozen=True, slots=True)
class Wellbeing:
    """Means and, over the month, how many turns were high in a measure; a mean is None where nothing was measured."""

    days: list[tuple[date, Mapping[str, float | None]]]
    means: Mapping[str, float | None]
    high: Mapping[str, int]
    turns: int
    judged: int


@dataclass(frozen=True, slots=True)
class Figures:
    month: Month
    at: datetime
    volume: Volume
    reviewed: Reviewed
    lines: list[Line]
    cases: Cases
    appeals: Appeals
    agreement: list[tuple[Month, quality.Agreement]]
    """The oldest month first, the report's own last."""
    wellbeing: Wellbeing
    not_over: bool = field(default=False)

    @property
    def empty(self) -> bool:
        """Nothing happened that any of it could tell of."""
        return not (self.volume.turns or self.cases.opened or self.cases.verdicts or self.appeals.made)


def figures(month: Month) -> Figures:
    """Raises TooMuchError."""
    now = timezone.now()
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{PATIENCE_SECONDS}s"])
            return Figures(
                month,
                now,
                _volume(month),
                _reviewed(month),
                _lines(month),
                _cases(month, now),
                _appeals(month),
                _agreement(month),
                _wellbeing(month),
                not_over=now < month.end,
            )
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooMuchError from None
        raise


def _turns(month: Month) -> QuerySet[Turn]:
    # Every deployment is named so that the index on deployment and time serves.
    found = Turn.objects.filter(deployment__in=Deployment.objects.values("pk"))
    return found.filter(started_at__gte=month.start, started_at__lt=month.end)


def _tried(turn: str) -> Exists:
    return Exists(Trial.objects.filter(turn=OuterRef(turn)))


def _volume(month: Month) -> Volume:
    days: dict[date, Counter[str]] = {}
    tiers: Counter[tuple[str, int | None]] = Counter()
    whole: Counter[str] = Counter()
    groups = (
        _turns(month)
        .filter(~_tried("pk"))
        .annotate(day=TruncDay("started_at", tzinfo=UTC))
        .values("day", "outcome", "tier")
        .annotate(
            turns=Count("pk"),
            begun=Count("pk", filter=Q(number=1)),
            flags=Count("pk", filter=Q(flagged=True)),
            failed=Count("pk", filter=Q(status=Turn.Status.UPSTREAM_ERROR)),
        )
        .order_by("day")
    )
    for group in groups:
        days.setdefault(group["day"].date(), Counter())[group["outcome"]] += group["turns"]
        tiers[group["outcome"], group["tier"]] += group["turns"]
        whole.update({name: group[name] for name in ("turns", "begun", "flags", "failed")})
    return Volume(
        [Day(day, outcomes.total(), outcomes) for day, outcomes in days.items()],
        tiers,
        whole["turns"],
        whole["begun"],
        whole["flags"],
        whole["failed"],
        Trial.objects.filter(turn__started_at__gte=month.start, turn__started_at__lt=month.end).count(),
    )


def _reviewed(month: Month) -> Reviewed:
    judged: Counter[str] = Counter()
    cautious: Counter[str] = Counter()
    others: Counter[str | None] = Counter()
    groups = _turns(month).filter(~_tried("pk")).values("review__source", "review__chosen")
    for group in groups.annotate(
        turns=Count("pk"), cautious=Count("pk", filter=Q(review__over_cautious=True))
    ).order_by():
        if group["review__source"] == "judge":
            judged[group["review__chosen"]] += group["turns"]
            cautious[group["review__chosen"]] += group["cautious"]
        else:
            others[group["review__source"]] += group["turns"]
    return Reviewed(judged, cautious, others["screen"], others[None])


# A finding names its signals without what was said. One that was emptied with its conversation is in no line.
_LINES = """
WITH seen AS (
    SELECT DISTINCT turn.id, ground ->> 'name' AS signal,
           turn.outcome = 'answer' AND turn.status = 'answered' AS through
    FROM conversations_turn turn
    JOIN audit_cases_finding finding ON finding.turn_id = turn.id AND finding.kind = 'audit'
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(finding.detail -> 'grounds') WHEN 'array' THEN finding.detail -> 'grounds' ELSE '[]' END
    ) AS ground
    WHERE turn.deployment_id IN (SELECT id FROM operators_deployment)
      AND turn.started_at >= %(start)s AND turn.started_at < %(end)s
      AND NOT EXISTS (SELECT FROM conversations_trial trial WHERE trial.turn_id = turn.id)
      AND jsonb_typeof(ground) = 'object' AND ground ->> 'name' LIKE 'bright\\_line.%%'
)
SELECT signal, count(*), count(*) FILTER (WHERE through) FROM seen GROUP BY signal ORDER BY count(*) DESC, signal
"""


def _lines(month: Month) -> list[Line]:
    return [Line(*row) for row in _rows(_LINES, month)]


# An appeal's decision is not the case's first: those have their own times. It also moves `due_at`.
_LEVELS = """
WITH decided AS (
    SELECT CASE WHEN mandatory THEN 0
                ELSE 1 + (SELECT count(*) FROM unnest(%(bounds)s::float8[]) AS bound WHERE severity < bound)
           END AS level,
           decided_at - opened_at AS took,
           CASE WHEN EXISTS (SELECT FROM audit_cases_appeal appeal WHERE appeal.case_id = one.id) THEN NULL
                ELSE due_at - opened_at END AS due
    FROM audit_cases_case one
    WHERE decided_at >= %(start)s AND decided_at < %(end)s AND NOT EXISTS (
        SELECT FROM audit_cases_appeal appeal WHERE appeal.case_id = one.id AND appeal.decided_at = one.decided_at
    )
), timed AS (
    SELECT level, extract(epoch FROM took)::float8 AS seconds,
           took <= coalesce(due, make_interval(secs => (%(allowed)s::float8[])[level + 1])) AS in_time
    FROM decided
)
SELECT level, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds), count(*) FILTER (WHERE in_time)
FROM timed GROUP BY GROUPING SETS ((level), ()) HAVING count(*) > 0 ORDER BY level NULLS LAST
"""


def _cases(month: Month, now: datetime) -> Cases:
    bounds = [least for least, _ in clocks.BY_SEVERITY]
    allowed = [one.total_seconds() for one in (clocks.MANDATORY, *(time for _, time in clocks.BY_SEVERITY))]
    levels = [
        Level(number, 0 if number is None else allowed[number], decided, median, ninetieth, in_time)
        for number, decided, median, ninetieth, in_time in _rows(_LEVELS, month, bounds=bounds, allowed=allowed)
    ]
    until = min(month.end, now)
    acted = ~Q(verdict__in=[Verdict.NO_ACTION, Verdict.OVER_REFUSAL])
    decided = Case.objects.filter(decided_at__gte=month.start, decided_at__lt=month.end)
    waiting = Case.objects.filter(Q(decided_at=None) | Q(decided_at__gte=month.end), opened_at__lt=until)
    ends = waiting.aggregate(waiting=Count("pk"), late=Count("pk", filter=Q(due_at__lt=until)))
    return Cases(
        Case.objects.filter(opened_at__gte=month.start, opened_at__lt=month.end).count(),
        {one["verdict"]: one["n"] for one in decided.values("verdict").annotate(n=Count("pk")).order_by("-n")},
        decided.filter(acted, verdict_rule__startswith="bright_line.").count(),
        levels,
        ends["waiting"],
        ends["late"],
    )


_APPEALS = """
SELECT count(*) FILTER (WHERE status = 'upheld'), count(*) FILTER (WHERE status = 'overturned'),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - made_at)),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - made_at))
FROM audit_cases_appeal WHERE decided_at >= %(start)s AND decided_at < %(end)s
"""


def _appeals(month: Month) -> Appeals:
    made = Appeal.objects.filter(made_at__gte=month.start, made_at__lt=month.end).count()
    return Appeals(made, *_rows(_APPEALS, month)[0])


def _agreement(month: Month) -> list[tuple[Month, quality.Agreement]]:
    months = [month]
    while len(months) < AGREED_MONTHS:
        months.append(months[-1].before)
    return [(one, quality.agreement(one.start, one.end)) for one in reversed(months)]


def _wellbeing(month: Month) -> Wellbeing:
    found = Point.objects.filter(deployment__in=Deployment.objects.values("pk"))
    found = found.filter(~_tried("turn"), at__gte=month.start, at__lt=month.end).order_by()
    means = {f"mean_{name}": Avg(name) for name in MEASURES}
    high = {f"high_{name}": Count("pk", filter=Q(**{f"{name}__gte": HIGH})) for name in MEASURES}
    whole = found.aggregate(turns=Count("pk"), judged=Count("pk", filter=Q(source="judge")), **means, **high)
    days = found.annotate(day=TruncDay("at", tzinfo=UTC)).values("day").annotate(**means).order_by("day")
    return Wellbeing(
        [(one["day"].date(), {name: one[f"mean_{name}"] for name in MEASURES}) for one in days],
        {name: whole[f"mean_{name}"] for name in MEASURES},
        {name: whole[f"high_{name}"] for name in MEASURES},
        whole["turns"],
        whole["judged"],
    )


def _rows(statement: str, month: Month, **more: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"start": month.start, "end": month.end, **more})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
