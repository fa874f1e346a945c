"""A deployment's usage as tables: what the page shows, its charts draw and its CSV files hold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from conversations.topics import Topics
from conversations.usage import OUTCOMES, Amount, Row, Usage, Waits, percentile

PERCENTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Line:
    """One row. `label`: a time, or a name; `link`: (conversation, turn) to look at."""

    label: datetime | str
    cells: list[int | float | Decimal | None]
    link: tuple[UUID, UUID] | None = None

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Each cell as the chart reads it, and as people do."""
        return [
            ("", "–") if cell is None else (str(cell), number_format(cell, _places(cell), force_grouping=True))
            for cell in self.cells
        ]


def _places(cell: float | Decimal) -> int:
    """Money alone has decimal places."""
    return 4 if isinstance(cell, Decimal) else 0


@dataclass(frozen=True, slots=True)
class Table:
    """`chart`: how its columns are drawn over time: stacked `bars`, `lines`, or "" for not. unit: of every cell."""

    name: str
    title: str
    words: str
    label: str
    columns: list[str]
    lines: list[Line]
    chart: str = ""
    unit: str = ""
    total: Line | None = None


@dataclass(slots=True)
class Sums:
    """One usage, added up in each way that a table needs."""

    by_time: dict[datetime, Amount] = field(default_factory=dict)
    by_model: dict[str, Amount] = field(default_factory=dict)
    by_key: dict[UUID | None, Amount] = field(default_factory=dict)

    @classmethod
    def of(cls, counted: Usage) -> "Sums":
        """counted: split by model and key."""
        sums = cls()
        for row in counted.rows:
            sums._add(row)
        return sums

    def _add(self, row: Row) -> None:
        self.by_time.setdefault(row.start, Amount()).add(row.amount)
        self.by_model.setdefault(row.model, Amount()).add(row.amount)
        self.by_key.setdefault(row.key_id, Amount()).add(row.amount)


def over_time(sums: Sums, total: Amount, waits: dict[datetime, Waits], by: str) -> Iterator[Table]:
    """Those with a chart."""
    when = _("Hour (UTC)") if by == "hour" else _("Day (UTC)")

    def table(
        name: str, title: str, words: str, columns: list[str], cells: Callable[[Amount], list[Any]], **how: Any
    ) -> Table:
        lines = [Line(start, cells(amount)) for start, amount in sums.by_time.items()]
        return Table(name, title, words, when, columns, lines, total=Line(_("All"), cells(total)), **how)

    yield table(
        "outcomes",
        _("Turns by outcome"),
        _("What came of them: answered, turned away as out of scope, declined, or the conversation ended."),
        [_("answer"), _("redirect"), _("decline"), _("end"), _("all"), _("flagged"), _("model failed")],
        lambda one: [*(getattr(one, name) for name in OUTCOMES), one.turns, one.flagged, one.failed],
        chart="bars",
        unit=_("turns"),
    )
    yield table(
        "tokens",
        _("Tokens"),
        _("As the model counted them."),
        [_("input"), _("output")],
        lambda one: [one.input_tokens, one.output_tokens],
        chart="bars",
        unit=_("tokens"),
    )
    yield table(
        "cost",
        _("Cost"),
        _("At the models' prices when each turn was answered, in their currency."),
        [_("cost")],
        lambda one: [one.cost],
        chart="bars",
    )
    yield latency(waits, when)


def latency(waits: dict[datetime, Waits], when: str) -> Table:
    names = [f"p{round(share * 100)}" for share in PERCENTILES]
    return Table(
        "latency",
        _("Time a turn takes"),
        _(
            "Ours is everything but the model: limits, screens, decision and record. A model's time is told of turns"
            " that asked one. p95: 95 of 100 turns took no longer. To within a fifth."
        ),
        when,
        [*(_("ours, %s") % name for name in names), *(_("model, %s") % name for name in names)],
        [Line(start, _percentiles(one)) for start, one in waits.items()],
        chart="lines",
        unit="ms",
        total=Line(_("All"), _percentiles(together(waits))),
    )


def together(waits: dict[datetime, Waits]) -> Waits:
    def added(sum_: Waits, one: Waits) -> Waits:
        sum_.add(one)
        return sum_

    return reduce(added, waits.values(), Waits())


def _percentiles(waits: Waits) -> list[int | float | Decimal | None]:
    told = [percentile(counts, share) for counts in (waits.own, waits.model) for share in PERCENTILES]
    return [None if one is None else round(one) for one in told]


def shares(sums: Sums, keys: dict[UUID, str]) -> Iterator[Table]:
    """Models and keys, the most turns first."""
    columns = [_("turns"), _("redirect"), _("model failed"), _("input tokens"), _("output tokens"), _("cost")]

    def lines(amounts: dict[str, Amount]) -> list[Line]:
        ranked = sorted(amounts.items(), key=lambda one: (-one[1].turns, one[0]))
        return [
            Line(
                name,
                [
                    one.turns,
                    one.redirect,
                    one.failed,
                    one.input_tokens,
                    one.output_tokens,
                    one.cost,
                ],
            )
            for name, one in ranked
        ]

    yield Table("models", _("By model"), _("By the name the app asked for."), _("Model"), columns, lines(sums.by_model))
    by_key: dict[str, Amount] = {}
    for key_id, amount in sums.by_key.items():
        by_key.setdefault(keys.get(key_id, str(key_id)) if key_id else "", Amount()).add(amount)
    yield Table("keys", _("By key"), _("Keys of one name stand together."), _("Key"), columns, lines(by_key))


def topics_table(topics: Topics) -> Table:
    """What was turned away."""
    words = _(
        "Topics that you leave out are counted by their names. Other messages are put together by the words they share,"
        " which is a help to the eye and no measurement."
    )
    if not topics.all_of_them:
        words += " " + _("Only the latest %(n)s of this time are looked at.") % {"n": topics.looked_at}

    def label(name: str, *, named: bool) -> str:
        if named:
            return _("left out: %s") % name
        return _("with the word “%s”") % name if name else _("others, each for itself")

    return Table(
        "topics",
        _("Turned away as out of scope"),
        words,
        _("What was asked for"),
        [_("turns")],
        [
            Line(label(one.name, named=one.named), [one.turns], (one.conversation_id, one.turn_id))
            for one in topics.found
        ],
    )


def as_rows(table: Table) -> Iterator[list[Any]]:
    """For a CSV file: the heads, then the lines; without the total, which a spreadsheet makes itself."""
    yield [table.label, *table.columns]
    for line in table.lines:
        label = line.label.isoformat().replace("+00:00", "Z") if isinstance(line.label, datetime) else line.label
        yield [label, *line.cells]
