"""A trial as the playground shows it: what was said, the ladder, the behaviours in force, what the model was told."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from charter import Charter, Decision, load_charter, version_of
from charter.behaviours import EffectiveBehaviour
from charter.document import Behaviour
from conversations.models import Conversation, Turn
from conversations.pages.sent import Sent, sent
from conversations.pages.transcript import ReadTurn, read
from conversations.playground.asking import user_ref
from operators.models import Account, Deployment

KEPT = 8
"""How many earlier trials are offered to go on with."""


@dataclass(frozen=True)
class InForce:
    """A behaviour, and who brought about its state: the charter, the operator or the user."""

    behaviour: Behaviour
    effective: EffectiveBehaviour


@dataclass(frozen=True)
class ReadTrial:
    read: ReadTurn
    set_here: list[InForce]
    """What operator or user set."""
    by_charter: list[InForce]
    not_granted: dict[str, str]
    """The user's wishes that were not granted, each with the word on it."""
    sent: Sent

    @property
    def turn(self) -> Turn:
        return self.read.turn


def trials(turns: Iterable[Turn]) -> list[ReadTrial]:
    """turns: with their `configuration` and `trial`."""
    return [_trial(one) for one in read(turns)]


def turns_of(conversation: Conversation) -> list[ReadTrial]:
    found = conversation.turns.select_related("configuration", "trial", "deployment").prefetch_related("findings")
    return trials(found.order_by("number", "started_at"))


def one(deployment: Deployment, turn_id: UUID) -> ReadTrial | None:
    """None where it was not recorded."""
    found = Turn.objects.filter(deployment=deployment, pk=turn_id, trial__isnull=False)
    read_trials = trials(found.select_related("configuration", "trial", "deployment").prefetch_related("findings"))
    return read_trials[0] if read_trials else None


def own(deployment: Deployment, by: Account) -> Any:
    """The conversations that a member had in this playground, the newest first."""
    found = Conversation.objects.filter(deployment=deployment, playground=True, user_ref=user_ref(by.pk))
    return found.filter(deleted_at=None).order_by("-last_turn_at")


def _trial(read_turn: ReadTurn) -> ReadTrial:
    turn = read_turn.turn
    version = version_of(turn.charter_digest)
    charter = load_charter(version.number if version else None)
    in_force = _in_force(charter, Decision.from_json(turn.decision))
    return ReadTrial(
        read_turn,
        [found for found in in_force if found.effective.origin != "charter"],
        [found for found in in_force if found.effective.origin == "charter"],
        {
            charter.behaviour_by_id[name].name if name in charter.behaviour_by_id else name: said
            for name, said in turn.decision.get("not_granted", {}).items()
        },
        sent(turn),
    )


def _in_force(charter: Charter, decision: Decision) -> list[InForce]:
    return [
        InForce(behaviour, decision.effective[behaviour.id])
        for behaviour in charter.behaviours
        if behaviour.softcoded and behaviour.id in decision.effective
    ]
