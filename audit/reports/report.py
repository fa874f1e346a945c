"""The report of a month in sections: words, plots, and the tables behind them. Page and PDF show these alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.cases import citing, clocks
from audit.cases.models.cases import Verdict
from audit.cases.quality import LEAST_PAIRS
from audit.reports.figures import AGREED_MONTHS, HIGH, Figures, Level
from audit.reports.months import Month
from audit.reports.plots import Plot, bars, columns, lines
from audit.reviews.models import TurnReview
from audit.wellbeing import charts
from audit.wellbeing.measures import MODEL, NAMES, PERSON

OUTCOMES = ("answer", "redirect", "decline", "end")


@dataclass(frozen=True)
class Table:
    """The first cell of each row names it."""

    caption: str
    head: Sequence[str]
    rows: list[Sequence[str]]


@dataclass(frozen=True)
class Section:
    slug: str
    title: str
    words: list[str] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    title: str
    month: Month
    words: list[str]
    sections: list[Section]


def report(figures: Figures) -> Report:
    month = date_format(figures.month.first, "F Y")
    words = [_("All deployments, %(month)s by the clock of UTC.") % {"month": month}]
    if figures.not_over:
        words.append(
            _("The month is not over: these are its figures up to %(at)s UTC.")
            % {"at": date_format(figures.at, "j M Y, H:i")}
        )
    if figures.empty:
        words.append(_("Nothing happened: no turn, no case, no appeal."))
    makers: tuple[Callable[[Figures], Section], ...] = () if figures.empty else _SECTIONS
    return Report(
        _("Oversight report, %(month)s") % {"month": month}, figures.month, words, [make(figures) for make in makers]
    )


def _volume(figures: Figures) -> Section:
    volume = figures.volume
    words = [
        _("Turns: %(turns)s, of which %(begun)s began a conversation. Flagged: %(flagged)s. Failed: %(failed)s.")
        % {
            "turns": _n(volume.turns),
            "begun": _n(volume.conversations),
            "flagged": _n(volume.flagged),
            "failed": _n(volume.failed),
        }
    ]
    if volume.trials:
        words.append(
            ngettext(
                "%(n)s turn that members tried in the playground is in none of these numbers.",
                "%(n)s turns that members tried in the playground are in none of these numbers.",
                volume.trials,
            )
            % {"n": _n(volume.trials)}
        )
    counted = {one.day.day: one for one in volume.days}
    every = range(1, figures.month.days + 1)
    plot = columns(
        _("Turns a day; the most on one day were %(n)s.")
        % {"n": _n(max((one.turns for one in volume.days), default=0))},
        [str(day) for day in every],
        [_("turns")],
        [[counted[day].turns if day in counted else 0] for day in every],
    )
    rows = [
        (date_format(one.day, "j M Y"), _n(one.turns), *(_n(one.outcomes.get(o, 0)) for o in OUTCOMES))
        for one in volume.days
    ]
    table = Table(
        _("Turns by day; other days had none"), [_("Day"), _("Turns"), *(_outcome(one) for one in OUTCOMES)], rows
    )
    return Section("volume", _("Volume"), words, [plot] if volume.turns else [], [table] if rows else [])


def _outcomes(figures: Figures) -> Section:
    found = figures.volume.tiers
    names = sorted(found, key=lambda one: (OUTCOMES.index(one[0]) if one[0] in OUTCOMES else 9, one[1] or 9))
    turns = figures.volume.turns
    rows = [
        (_outcome(outcome), _tier(tier), _n(found[outcome, tier]), _share(found[outcome, tier], turns))
        for outcome, tier in names
    ]
    plot = bars(
        _("Turns by outcome and the tier that decided."),
        [
            (f"{outcome}, {tier}", found[name], f"{n} ({share})")
            for name, (outcome, tier, n, share) in zip(names, rows, strict=True)
        ],
    )
    table = Table(
        _("Turns by outcome and the tier that decided"), [_("Outcome"), _("Tier"), _("Turns"), _("Share")], list(rows)
    )
    days = figures.volume.days
    daily = columns(
        _("Turns by outcome, on the days that had some."),
        [str(one.day.day) for one in days],
        [_outcome(one) for one in OUTCOMES],
        [[one.outcomes.get(outcome, 0) for outcome in OUTCOMES] for one in days],
    )
    return Section("outcomes", _("Outcomes by tier"), [], [plot, daily] if rows else [], [table] if rows else [])


def _over_refusal(figures: Figures) -> Section:
    reviewed, appeals = figures.reviewed, figures.appeals
    judged, drawn = sum(reviewed.judged.values()), reviewed.judged.get("sampled", 0)
    words = [
        _(
            "Screens cannot tell over-refusal; a judge or a person can. Of the month's turns a judge read %(judged)s"
            " and the screens alone looked at %(screens)s; not reviewed yet: %(not)s."
        )
        % {"judged": _n(judged), "screens": _n(reviewed.screens_only), "not": _n(reviewed.not_yet)}
    ]
    if drawn:
        words.append(
            _(
                "Only the turns drawn by lot tell of all turns: %(found)s of %(drawn)s (%(share)s) were over-cautious."
                " The others were read because something stood out."
            )
            % {
                "found": _n(reviewed.over_cautious.get("sampled", 0)),
                "drawn": _n(drawn),
                "share": _share(reviewed.over_cautious.get("sampled", 0), drawn),
            }
        )
    else:
        words.append(_("No turn drawn by lot was read by a judge, so there is no share that holds for all turns."))
    over = figures.cases.verdicts.get(Verdict.OVER_REFUSAL, 0)
    looked = [
        (_("Judge, ") + str(TurnReview.Chosen(chosen).label), n, reviewed.over_cautious.get(chosen, 0))
        for chosen, n in sorted(reviewed.judged.items())
    ]
    looked.append((_("Cases decided"), sum(figures.cases.verdicts.values()), over))
    looked.append((_("Appeals decided, overturned"), appeals.upheld + appeals.overturned, appeals.overturned))
    plot = bars(
        _("The share of over-refusal among what was looked at, by who looked."),
        [(name, part / whole if whole else 0, f"{_n(part)} / {_n(whole)}") for name, whole, part in looked],
        full=1,
    )
    table = Table(
        _("Over-refusal among what was looked at"),
        [_("Who looked, and why"), _("Looked at"), _("Over-refusals"), _("Share")],
        [(name, _n(whole), _n(part), _share(part, whole)) for name, whole, part in looked],
    )
    return Section("over-refusal", _("Over-refusal"), words, [plot], [table])


def _bright_lines(figures: Figures) -> Section:
    called, found = citing.names(), figures.lines
    words = [
        _(
            "Turns in whose review stands a signal of a bright line, in what was asked or in what the guard stopped."
            " Turns not reviewed yet: %(not)s. What was erased since is not counted."
        )
        % {"not": _n(figures.reviewed.not_yet)},
        _("Cases decided this month in which reviewers confirmed a bright line: %(n)s.")
        % {"n": _n(figures.cases.lines_confirmed)},
    ]
    if not found:
        return Section("bright-lines", _("Attempts on bright lines"), [*words, _("No signal of one this month.")])
    rows = [
        (str(called.get(one.signal, one.signal)), _n(one.turns), _n(one.turns - one.answered), _n(one.answered))
        for one in found
    ]
    plot = bars(
        _("Turns by the bright line whose signal they raised."),
        [(row[0], one.turns, row[1]) for row, one in zip(rows, found, strict=True)],
    )
    table = Table(
        _("Signals of bright lines"),
        [_("Bright line"), _("Turns"), _("Turned away or stopped"), _("Answered: suspected only, or missed")],
        list(rows),
    )
    return Section("bright-lines", _("Attempts on bright lines"), words, [plot], [table])


def _time_to_review(figures: Figures) -> Section:
    cases, appeals = figures.cases, figures.appeals
    words = [
        _("Cases opened: %(opened)s. Waiting at the end: %(waiting)s, of which past their service level: %(late)s.")
        % {"opened": _n(cases.opened), "waiting": _n(cases.waiting), "late": _n(cases.late)},
        _("From the opening of a case to its verdict. Cases that an appeal decided are not among them."),
    ]
    if not cases.levels:
        words.append(_("No case was decided this month."))
    told = [one for one in cases.levels if one.number is not None]
    plot = bars(
        _("The 90th percentile of the time to a verdict, as a part of the time allowed; the line is the time allowed."),
        [(_level(one), one.ninetieth / one.allowed, f"{_time(one.ninetieth)} / {_time(one.allowed)}") for one in told],
        full=2,
        mark=1,
    )
    rows = [
        (
            _level(one),
            _time(one.allowed) if one.allowed else "–",
            _n(one.decided),
            _time(one.median),
            _time(one.ninetieth),
            _share(one.in_time, one.decided),
        )
        for one in cases.levels
    ]
    table = Table(
        _("Time to a verdict"),
        [_("Cases"), _("Allowed"), _("Decided"), _("Median"), _("90th percentile"), _("In time")],
        list(rows),
    )
    if appeals.made or appeals.median is not None:
        words.append(
            _("Appeals made: %(made)s; upheld: %(upheld)s; overturned: %(overturned)s.")
            % {"made": _n(appeals.made), "upheld": _n(appeals.upheld), "overturned": _n(appeals.overturned)}
        )
    if appeals.median is not None and appeals.ninetieth is not None:
        words.append(
            _("An appeal had its answer after %(median)s (median), or %(ninetieth)s (90th percentile).")
            % {"median": _time(appeals.median), "ninetieth": _time(appeals.ninetieth)}
        )
    verdicts = Table(
        _("Verdicts, as they stand now"),
        [_("Verdict"), _("Cases")],
        [
            (str(Verdict(verdict).label) if verdict in Verdict.values else verdict, _n(n))
            for verdict, n in cases.verdicts.items()
        ],
    )
    tables = [table, verdicts] if rows else ([verdicts] if verdicts.rows else [])
    return Section("time", _("Time to review"), words, [plot] if told else [], tables)


def _agreement(figures: Figures) -> Section:
    found = figures.agreement
    now = found[-1][1]
    if now.alpha is None:
        said = _("Cases with two blind verdicts: %(n)s; from %(least)s on an agreement is told.") % {
            "n": _n(now.cases),
            "least": LEAST_PAIRS,
        }
    else:
        said = _("Cases with two blind verdicts: %(n)s. Krippendorff's alpha: %(alpha)s.") % {
            "alpha": f"{now.alpha:.2f}",
            "n": _n(now.cases),
        }
    words = [
        said,
        _(
            "1 is perfect, 0 is chance; below 0.67 conclusions are shaky. Only a sample and the gravest cases are"
            " looked at twice."
        ),
    ]
    rows = [
        (date_format(month.first, "M Y"), _n(one.cases), "–" if one.alpha is None else f"{one.alpha:.2f}")
        for month, one in found
    ]
    plot = bars(
        _("Krippendorff's alpha by month, over %(n)s months.") % {"n": AGREED_MONTHS},
        [(row[0], max(one.alpha or 0, 0), row[2]) for row, (_month, one) in zip(rows, found, strict=True)],
        full=1,
    )
    table = Table(_("Agreement by month"), [_("Month"), _("Cases with two blind verdicts"), _("Alpha")], list(rows))
    return Section(
        "agreement",
        _("Do reviewers agree?"),
        words,
        [plot] if any(one.alpha is not None for _m, one in found) else [],
        [table],
    )


def _wellbeing(figures: Figures) -> Section:
    found = figures.wellbeing
    title = _("Wellbeing of people and of the model")
    if not found.turns:
        return Section("wellbeing", title, [_("Nothing was measured this month.")])
    words = [
        _(
            "Turns measured: %(turns)s, of which a judge read %(judged)s; the others by likeness of words, which misses"
            " much."
        )
        % {"turns": _n(found.turns), "judged": _n(found.judged)},
        _(
            "Each line is the mean of a day's turns, 0 at its foot and 1 at its top; the number is the highest day."
            " Days without turns are left out."
        ),
    ]
    person, model = charts.sides([values for _day, values in found.days])
    drawn = []
    for name, side in ((_("The people"), person), (_("The model"), model)):
        if side.rows:
            drawn.append(lines(name, side.rows))
        if side.quiet:
            words.append(
                _("%(side)s, nothing of: %(names)s.") % {"side": name, "names": ", ".join(map(str, side.quiet))}
            )
    rows = [(str(label), _mean(found.means[name]), _n(found.high[name])) for name, label in NAMES.items()]
    tables = [
        Table(_("Over the month"), [_("Measure"), _("Mean"), _("Turns at %(n)s or more") % {"n": HIGH}], list(rows))
    ]
    for name, measures in ((_("The people"), PERSON), (_("The model"), MODEL)):
        days = [(date_format(day, "j M"), *(_mean(values[one]) for one in measures)) for day, values in found.days]
        head = [_("Day"), *(str(NAMES[one]) for one in measures)]
        tables.append(Table(_("%(side)s, means by day") % {"side": name}, head, list(days)))
    return Section("wellbeing", title, words, drawn, tables)


_SECTIONS = (_volume, _outcomes, _over_refusal, _bright_lines, _time_to_review, _agreement, _wellbeing)


def _level(level: Level) -> str:
    if level.number is None:
        return _("All")
    if level.number == 0:
        return _("Mandatory")
    least = clocks.BY_SEVERITY[level.number - 1][0]
    return _("Severity from %(least)s") % {"least": least} if least else _("Lighter")


def _outcome(outcome: str) -> str:
    known = {"answer": _("Answer"), "redirect": _("Redirect"), "decline": _("Decline"), "end": _("End")}
    return known.get(outcome, outcome)


def _tier(tier: int | None) -> str:
    return _("no tier") if tier is None else _("tier %(n)s") % {"n": tier}


def _n(number: int) -> str:
    return f"{number:,}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _mean(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _time(seconds: float) -> str:
    if seconds < 60:
        return _("%(n)s s") % {"n": round(seconds)}
    if seconds < 3600:
        return _("%(n)s min") % {"n": round(seconds / 60)}
    return _("%(n)s h") % {"n": f"{seconds / 3600:.1f}".removesuffix(".0")}
