"""What a proposed version of the charter would change: recent turns decided by it and by the one in force, compared.

Both are decided anew, so that what differs is the charter's doing alone. Progress is in the proposal's row; a replay
that was broken off begins anew.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from audit.oversight.models import CharterProposal
from charter import Charter, ConfigurationError, load_charter, parse_charter, parse_configuration
from charter.bundled import document_text
from conversations.models import Turn
from conversations.redeciding.deciding import Redecider
from conversations.redeciding.material import Material, read_materials
from conversations.redeciding.verdict import Verdict, change
from operators.models import Deployment

TURNS = 400
"""How many of the newest turns, of all deployments, are replayed."""
AT_ONCE = 20
EXAMPLES = 20
LOCK = 7_204_118
"""Of PostgreSQL's advisory locks: one process replays at a time."""

State = CharterProposal.State


def replay_waiting() -> int:
    """Replays every proposal that waits for it; how many. None where another process is at it."""
    with _alone() as alone:
        if not alone:
            return 0
        waiting = list(CharterProposal.objects.filter(state=State.REPLAYING))
        return sum(replay(proposal) for proposal in waiting)


def replay(proposal: CharterProposal) -> bool:
    """Whether it was replayed to its end: somebody may decide on it meanwhile."""
    proposed = parse_charter(document_text(proposal.number))
    misfits = _misfits(proposed)
    ids = list(Turn.objects.filter(trial=None).order_by("-id").values_list("pk", flat=True)[:TURNS])
    compared = _Comparison(load_charter(), proposed)
    if not _note(proposal, turns=len(ids), replayed=0, changed=0, examples=[], misfits=misfits):
        return False
    for start in range(0, len(ids), AT_ONCE):
        compared.add(_turns(ids[start : start + AT_ONCE]))
        done = min(start + AT_ONCE, len(ids))
        if not _note(proposal, replayed=done, changed=compared.changed, examples=compared.examples):
            return False
    return _note(proposal, state=State.READY)


class _Comparison:
    """`changed`: how many turns would be decided otherwise; `examples`: the first of them."""

    def __init__(self, current: Charter, proposed: Charter) -> None:
        self._charters = (current, proposed)
        self._redeciders: dict[Any, tuple[Redecider, Redecider] | None] = {}
        self.changed = 0
        self.examples: list[dict[str, str]] = []

    def add(self, turns: Sequence[Turn]) -> None:
        """Turns whose words are not kept are left out: nothing can be said of them."""
        for turn, material in zip(turns, read_materials(turns), strict=True):
            redeciders = self._of(turn)
            if material is not None and redeciders is not None:
                self._compare(turn, material, redeciders)

    def _compare(self, turn: Turn, material: Material, redeciders: tuple[Redecider, Redecider]) -> None:
        before, after = (redecider.verdict(material) for redecider in redeciders)
        if change(before, after) is None:
            return
        self.changed += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(
                {
                    "turn": str(turn.pk),
                    "conversation": str(turn.conversation_id),
                    "deployment": f"{turn.deployment.operator} · {turn.deployment}",
                    "before": _words(before),
                    "after": _words(after),
                }
            )

    def _of(self, turn: Turn) -> tuple[Redecider, Redecider] | None:
        """For the turn's configuration; None where it does not fit both charters."""
        if turn.configuration_id not in self._redeciders:
            settings = turn.configuration.settings if turn.configuration else {}
            try:
                current, proposed = (Redecider(one, parse_configuration(one, settings)) for one in self._charters)
            except ConfigurationError:
                self._redeciders[turn.configuration_id] = None
            else:
                self._redeciders[turn.configuration_id] = (current, proposed)
        return self._redeciders[turn.configuration_id]


def _turns(ids: Sequence[Any]) -> list[Turn]:
    found = Turn.objects.filter(pk__in=ids).select_related("configuration", "data_key", "deployment__operator")
    return list(found.order_by("-id"))


def _words(verdict: Verdict) -> str:
    return f"{verdict.outcome}, tier {verdict.tier}" + (f", by {verdict.rule}" if verdict.rule else "")


def _misfits(proposed: Charter) -> list[dict[str, str]]:
    """Deployments that nobody could be answered by."""
    found = []
    for deployment in Deployment.objects.exclude(live=None).select_related("operator", "live"):
        try:
            parse_configuration(proposed, deployment.live.settings)
        except ConfigurationError as error:
            name = f"{deployment.operator} · {deployment}"
            found.append({"deployment": str(deployment.pk), "name": name, "problem": str(error.problems[0])})
    return found


def _note(proposal: CharterProposal, **found: Any) -> bool:
    """False where it was decided on meanwhile."""
    with transaction.atomic():
        return bool(CharterProposal.objects.filter(pk=proposal.pk, state=State.REPLAYING).update(**found))


@contextmanager
def _alone() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        taken = bool(cursor.fetchone()[0])
        try:
            yield taken
        finally:
            if taken:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
