"""How well reviewers agree: with each other, with verdicts that are known, and how the screens stand against both."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q
from django.utils import timezone
from nltk.metrics.agreement import AnnotationTask

from audit.cases.models import Assessment, Case
from audit.cases.models.cases import Verdict

LEAST_PAIRS = 5
"""Below so many cases with two verdicts an agreement says nothing, and none is told."""


@dataclass(frozen=True, slots=True)
class Agreement:
    cases: int
    alpha: float | None
    """Krippendorff's alpha of the verdicts, nominal: 1 is perfect, 0 is chance. None where there are too few."""


@dataclass(frozen=True, slots=True)
class Calibration:
    reviewer: str
    verdicts: int
    golden: int
    golden_right: int
    compared: int
    """First and second verdicts on cases that are closed, of which `confirmed` became the case's."""
    confirmed: int


@dataclass(frozen=True, slots=True)
class SignalQuality:
    month: str
    """As 2026-11."""
    signal: str
    raised: int
    """Closed cases in which it spoke, of which reviewers cited its line in `confirmed`."""
    confirmed: int
    cited: int
    """Closed cases whose verdict cites its line, whether it spoke or not."""

    @property
    def precision(self) -> float | None:
        return self.confirmed / self.raised if self.raised else None

    @property
    def recall(self) -> float | None:
        """Among reviewed cases only: what nothing flagged is seen only as far as it was sampled."""
        return self.confirmed / self.cited if self.cited else None


def agreement(since: datetime, until: datetime | None = None) -> Agreement:
    """Over cases with two blind verdicts since then, and before `until`."""
    blind = Assessment.objects.filter(
        stage__in=["first", "second"], golden=None, submitted_at__gte=since, submitted_at__lt=until or timezone.now()
    ).exclude(verdict=Verdict.CHANGE_SEVERITY)
    twice = blind.values("case").annotate(looks=Count("pk")).filter(looks__gte=2)
    rows = blind.filter(case__in=twice.values("case")).values_list("reviewer_id", "case_id", "verdict")
    return _alpha([(str(reviewer), str(case), verdict) for reviewer, case, verdict in rows])


def _alpha(rows: Iterable[tuple[str, str, str]]) -> Agreement:
    by_case: dict[str, dict[str, str]] = defaultdict(dict)
    for reviewer, case, verdict in rows:
        by_case[case][reviewer] = verdict
    judged = {case: verdicts for case, verdicts in by_case.items() if len(verdicts) > 1}
    if len(judged) < LEAST_PAIRS:
        return Agreement(len(judged), None)
    data = [(who, case, verdict) for case, verdicts in judged.items() for who, verdict in verdicts.items()]
    return Agreement(len(judged), float(AnnotationTask(data=data).alpha()))


def calibrations(since: datetime) -> list[Calibration]:
    """Of each reviewer with a verdict since then; the busiest first."""
    compared = Q(golden=None, stage__in=["first", "second"], case__status=Case.Status.CLOSED)
    golden = Q(golden__isnull=False)
    rows = (
        Assessment.objects.filter(submitted_at__gte=since)
        .values("reviewer__name", "reviewer__email")
        .annotate(
            verdicts=Count("id"),
            golden_seen=Count("id", filter=golden),
            golden_right=Count("id", filter=golden & Q(verdict=F("golden__verdict"))),
            compared=Count("id", filter=compared),
            confirmed=Count("id", filter=compared & Q(verdict=F("case__verdict"))),
        )
        .order_by("-verdicts")
    )
    return [
        Calibration(
            row["reviewer__name"] or row["reviewer__email"],
            row["verdicts"],
            row["golden_seen"],
            row["golden_right"],
            row["compared"],
            row["confirmed"],
        )
        for row in rows
    ]


# A verdict cites a harm or a bright line by its signal's name.
_SIGNALS = """
WITH closed AS (
    SELECT id, date_trunc('month', decided_at AT TIME ZONE 'UTC') AS month,
           CASE WHEN verdict NOT IN ('no_action', 'over_refusal') THEN verdict_rule ELSE '' END AS truth
    FROM audit_cases_case WHERE status = 'closed' AND decided_at >= %s
), raised AS (
    SELECT DISTINCT closed.id, closed.month, closed.truth, ground ->> 'name' AS signal
    FROM closed
    JOIN audit_cases_finding finding ON finding.case_id = closed.id
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(finding.detail -> 'grounds') WHEN 'array' THEN finding.detail -> 'grounds' ELSE '[]' END
    ) AS ground
    WHERE jsonb_typeof(ground) = 'object' AND ground ->> 'name' <> ''
), spoke AS (
    SELECT month, signal, count(*) AS raised, count(*) FILTER (WHERE truth = signal) AS confirmed
    FROM raised GROUP BY month, signal
), cited AS (
    SELECT month, truth AS signal, count(*) AS cited FROM closed
    WHERE truth LIKE 'harm.%%' OR truth LIKE 'bright\\_line.%%' GROUP BY month, truth
)
SELECT to_char(month, 'YYYY-MM'), signal, coalesce(raised, 0), coalesce(confirmed, 0), coalesce(cited, 0)
FROM spoke FULL JOIN cited USING (month, signal)
WHERE signal LIKE 'harm.%%' OR signal LIKE 'bright\\_line.%%'
ORDER BY month DESC, signal
"""


def signals(since: datetime) -> list[SignalQuality]:
    """Of each harm and bright line, month by month: its signal against the line that verdicts cite."""
    with connection.cursor() as cursor:
        cursor.execute(_SIGNALS, [since])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return [SignalQuality(*row) for row in rows]
