"""A slice of a replay, in steps of some turns, each committed with the position it leads to.

What a killed worker did stays, and a step that two workers take is counted once.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from charter import Charter, CharterError, ConfigurationError, load_charter, parse_configuration, version_of
from conversations.models import Replay, ReplayedTurn, Turn
from conversations.redeciding.deciding import Redecider
from conversations.redeciding.material import Material, read_materials, turns_of
from conversations.redeciding.replays import REPLAYS
from conversations.redeciding.sampling import choose
from conversations.redeciding.verdict import change

STEP = 20
"""Turns between two commits."""
SLICE_SECONDS = 20.0
"""Then others have their turn."""
PAUSE = timedelta(seconds=10)

log = logging.getLogger(__name__)


def work_on(replay_id: int, goes_on: Callable[[], bool] = lambda: True) -> bool:
    """A slice of it. True where it is done now; False where some is left, or nothing was to be done.

    goes_on: asked between steps. An error is noted on the replay, which is tried again later.
    """
    replay = Replay.objects.filter(pk=replay_id, done_at=None, dead_at=None).select_related("deployment").first()
    if replay is None:
        return False
    try:
        return _slice(replay, goes_on)
    except Exception as error:
        REPLAYS.put_off(replay, PAUSE, f"{type(error).__name__}: {error}")
        raise


def _slice(replay: Replay, goes_on: Callable[[], bool]) -> bool:
    charter = _charter(replay)
    redecider = Redecider(charter, parse_configuration(charter, replay.settings))
    if replay.sample is None and not _choose(replay):
        return False
    ends = time.monotonic() + SLICE_SECONDS
    while replay.position < replay.total and time.monotonic() < ends and goes_on():
        if not _step(replay, redecider):
            return False
    left = Replay.objects.filter(pk=replay.pk, done_at=None, dead_at=None, position=replay.position)
    if replay.position < replay.total:
        left.update(handed_at=None, due_at=timezone.now(), attempts=0)
        return False
    return bool(left.update(done_at=timezone.now(), error=""))


def _charter(replay: Replay) -> Charter:
    version = version_of(replay.charter_digest)
    if version is None:
        raise CharterError("", f"{replay.charter_digest} is at hand no more")
    return load_charter(version.number)


def _choose(replay: Replay) -> bool:
    """The first worker's choice is everyone's; False where another was there first."""
    replay.sample = choose(replay.deployment_id, replay.size, replay.days)
    return bool(Replay.objects.filter(pk=replay.pk, sample__isnull=True, done_at=None).update(sample=replay.sample))


def _step(replay: Replay, redecider: Redecider) -> bool:
    """False where another worker took it, or the replay was canceled."""
    ids = (replay.sample or [])[replay.position : replay.position + STEP]
    by_id = {str(turn.pk): turn for turn in turns_of(ids)}
    turns = [by_id[one] for one in ids if one in by_id]
    counted = {"same": 0, "changed": 0, "not_kept": len(ids) - len(turns), "unreadable": 0}
    found: list[ReplayedTurn] = []
    for turn, material in zip(turns, _materials(turns), strict=True):
        became = _compared(replay, turn, material, redecider) if isinstance(material, Material) else material
        counted["changed" if isinstance(became, ReplayedTurn) else became] += 1
        found += [became] if isinstance(became, ReplayedTurn) else []
    position = replay.position + len(ids)
    with transaction.atomic():
        moved = Replay.objects.filter(pk=replay.pk, position=replay.position, done_at=None, dead_at=None).update(
            position=position, **{name: F(name) + number for name, number in counted.items()}
        )
        if not moved:
            return False
        ReplayedTurn.objects.bulk_create(found)
    replay.position = position
    return True


def _materials(turns: Sequence[Turn]) -> list[Material | str]:
    """A turn's material, or what to count it as. One that cannot be read takes no other along."""
    try:
        return [one or "not_kept" for one in read_materials(turns)]
    except DatabaseError:
        raise
    except Exception:
        # Whatever its content or its decision may be: the others are decided all the same.
        if len(turns) == 1:
            log.warning("turn %s cannot be read for a replay", turns[0].pk, exc_info=True)
            return ["unreadable"]
        return [material for turn in turns for material in _materials([turn])]


def _compared(replay: Replay, turn: Turn, material: Material, redecider: Redecider) -> ReplayedTurn | str:
    after = redecider.verdict(material)
    changed = change(material.recorded, after)
    if changed is None:
        return "same"
    own = _own(turn)
    cause = ReplayedTurn.Cause.UNKNOWN
    if own is not None:
        same_without = change(own.verdict(material), after) is None
        cause = ReplayedTurn.Cause.SINCE if same_without else ReplayedTurn.Cause.DRAFT
    return ReplayedTurn(
        replay=replay,
        turn=turn,
        change=changed,
        cause=cause,
        before=material.recorded.to_json(),
        after=after.to_json(),
        in_doubt=redecider.in_doubt(material),
    )


def _own(turn: Turn) -> Redecider | None:
    """What decided the turn; None where it is not at hand any more."""
    version = version_of(turn.charter_digest)
    if version is None:
        return None
    try:
        charter = load_charter(version.number)
        settings = turn.configuration.settings if turn.configuration else {}
        return Redecider(charter, parse_configuration(charter, settings))
    except (CharterError, ConfigurationError):
        return None
