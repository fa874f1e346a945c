"""Each behaviour's state in a conversation, and who brought it about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from charter.configuration import BehaviourSetting, Configuration
from charter.document import Behaviour, Charter

Origin = Literal["charter", "operator", "user", "stewards"]


@dataclass(frozen=True, slots=True)
class EffectiveBehaviour:
    """`adjustable_by_user`: whether a user may leave the charter's default. Returning to it is open to everyone."""

    id: str
    on: bool
    origin: Origin
    adjustable_by_user: bool = False


def effective(
    charter: Charter,
    configuration: Configuration,
    user_adjustments: Mapping[str, bool],
    paused: Collection[str] = frozenset(),
) -> dict[str, EffectiveBehaviour]:
    """Every behaviour by id, in the charter's order. What a user may not adjust, or does not exist, is ignored.

    The charter's default is the more careful state of a softcoded behaviour, so a wish for it is honoured from anyone.
    paused: by stewards, and so at the charter's default for everyone.
    """
    return {
        behaviour.id: EffectiveBehaviour(behaviour.id, behaviour.default, "stewards")
        if behaviour.id in paused and behaviour.softcoded
        else _resolve(behaviour, configuration.behaviours.get(behaviour.id), user_adjustments)
        for behaviour in charter.behaviours
    }


def can_be_paused(charter: Charter, behaviour: str) -> bool:
    """Only what is off until somebody switches it on: anything else, switched off, would protect less."""
    known = charter.behaviour_by_id.get(behaviour)
    return known is not None and known.kind == "default_off"


def _resolve(
    behaviour: Behaviour, setting: BehaviourSetting | None, user_adjustments: Mapping[str, bool]
) -> EffectiveBehaviour:
    if not behaviour.softcoded:
        return EffectiveBehaviour(behaviour.id, behaviour.default, "charter")
    stated = setting.on if setting is not None else None
    on = behaviour.default if stated is None else stated
    origin: Origin = "charter" if stated is None else "operator"
    adjustable = users_may_adjust(behaviour, setting)
    wish = user_adjustments.get(behaviour.id)
    if wish is not None and wish != on and (adjustable or wish == behaviour.default):
        on, origin = wish, "user"
    return EffectiveBehaviour(behaviour.id, on, origin, adjustable)


def users_may_adjust(behaviour: Behaviour, setting: BehaviourSetting | None) -> bool:
    """Whether users may leave the default: as the operator says within the charter, else as the charter says.

    An operator who states a state and grants nothing has settled it.
    """
    if behaviour.users == "never":
        return False
    if setting is not None and setting.users_may_adjust is not None:
        return setting.users_may_adjust
    settled = setting is not None and setting.on is not None
    return behaviour.users == "unless_refused" and not settled
