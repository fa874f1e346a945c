"""What the month's report counts, against a month whose numbers are known."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.reports.figures import Figures, Level, Line, figures
from audit.reports.months import Month, month_of, parse_month
from conversations.models import Turn
from tests.audit.reports.month_help import MONTH, a_month, decided, turn


@pytest.fixture
def found(db, new_key) -> Figures:
    a_month(new_key()[0])
    return figures(MONTH)


def test_turns_by_day_outcome_and_tier(found):
    volume = found.volume
    assert (volume.turns, volume.conversations, volume.flagged, volume.failed, volume.trials) == (6, 6, 1, 1, 1)
    assert volume.tiers == {("decline", 1): 1, ("answer", 4): 3, ("redirect", 3): 2}
    assert [(one.day, one.turns) for one in volume.days] == [
        (date(2026, 3, 10), 2),
        (date(2026, 3, 11), 1),
        (date(2026, 3, 12), 2),
        (date(2026, 3, 31), 1),
    ]


def test_what_was_reviewed_how_and_what_was_not(found):
    reviewed = found.reviewed
    assert reviewed.judged == {"sampled": 2, "flagged": 1}
    assert reviewed.over_cautious == {"sampled": 1, "flagged": 1}
    assert (reviewed.screens_only, reviewed.not_yet) == (2, 1)


def test_bright_lines_by_turn_and_whether_they_were_answered(found):
    assert found.lines == [Line("bright_line.cbrn", 2, 1)]
    assert found.cases.lines_confirmed == 2


def test_time_to_a_verdict_against_what_is_allowed(found):
    hour = 3600.0
    mandatory, heavy, whole = found.cases.levels
    assert mandatory == Level(0, hour, 2, hour / 2, hour / 2, 2)
    assert (heavy.number, heavy.allowed, heavy.decided, heavy.in_time) == (2, 24 * hour, 3, 2)
    assert heavy.median == pytest.approx(2 * hour)
    assert heavy.ninetieth == pytest.approx((2 + 0.8 * 28) * hour)
    assert (whole.number, whole.decided, whole.in_time) == (None, 5, 4)


def test_cases_verdicts_and_appeals(found):
    assert found.cases.verdicts == {"no_action": 2, "over_refusal": 2, "end_conversation": 2}
    assert (found.cases.opened, found.cases.waiting, found.cases.late) == (7, 1, 1)
    assert (found.appeals.upheld, found.appeals.overturned, found.appeals.median) == (0, 1, 36000.0)


def test_agreement_is_of_the_month(found):
    """Of 5 pairs: 6 no_action, 2 over_refusal, 2 end_conversation; 4 of 10 disagree, by chance 56 of 90."""
    month, agreement = found.agreement[-1]
    assert month == MONTH
    assert agreement.cases == 5
    assert agreement.alpha == pytest.approx(1 - (4 / 10) / (56 / 90))
    assert [one.cases for _, one in found.agreement[:-1]] == [0] * 5


def test_wellbeing_by_day_and_over_the_month(found):
    wellbeing = found.wellbeing
    assert (wellbeing.turns, wellbeing.judged) == (2, 2)
    assert (wellbeing.means["distress"], wellbeing.high["distress"], wellbeing.high["ease"]) == (0.75, 2, 0)
    assert wellbeing.means["drift"] is None
    assert [day for day, _ in wellbeing.days] == [date(2026, 3, 12)]


def test_a_month_without_anything_is_empty(db):
    assert figures(Month(2024, 2)).empty


def test_more_rows_take_no_more_queries(db, new_key):
    app, _ = new_key()

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            figures(MONTH)
        return len(queries)

    turn(app), decided(app, 1)
    few = asked()
    for _ in range(5):
        turn(app), decided(app, 1)
    assert asked() == few


def test_nothing_that_was_said_is_read(db, new_key):
    a_month(new_key()[0])
    with CaptureQueriesContext(connection) as queries:
        figures(MONTH)
    for column in ("content", "decision", "reason", "note"):
        assert not any(f'"{Turn._meta.db_table}"."{column}"' in one["sql"] for one in queries)


def test_months_are_of_utc():
    assert (Month(2026, 12).next, Month(2026, 1).before) == (Month(2027, 1), Month(2025, 12))
    assert Month(2024, 2).days == 29
    assert month_of(datetime(2026, 3, 31, 23, 59, tzinfo=UTC) + timedelta(minutes=1)) == Month(2026, 4)
    assert str(parse_month("2026-11")) == "2026-11"
    for wrong in ("2026-13", "2026-1", "", "1999-01", "2026-11\n", "٢٠٢٦-١١"):
        assert parse_month(wrong) is None
