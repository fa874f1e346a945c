"""Which of a user's wishes are not granted, and the rule that says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from charter.behaviours import effective
from charter.configuration import BehaviourSetting, Configuration
from charter.document import Behaviour, Charter
from charter.settings_parser import Problem


def not_granted(
    charter: Charter, configuration: Configuration, wishes: Mapping[str, bool], paused: Collection[str] = frozenset()
) -> dict[str, Problem]:
    """By the name wished for. What holds anyway, or returns to the charter's default, is granted to everyone."""
    if not wishes:
        return {}
    found = effective(charter, configuration, wishes, paused)
    return {
        name: Problem(name, "is paused by the platform's stewards", f"behaviours.{name}")
        if name in paused
        else _problem(name, charter.behaviour_by_id.get(name), configuration.behaviours.get(name))
        for name, wish in wishes.items()
        if name not in found or found[name].on != wish
    }


def _problem(name: str, behaviour: Behaviour | None, setting: BehaviourSetting | None) -> Problem:
    rule = f"behaviours.{name}"
    if behaviour is None:
        return Problem(name, "is not a behaviour of the charter", "behaviours")
    if not behaviour.softcoded:
        return Problem(name, "is hardcoded: nobody changes it", rule)
    if behaviour.users == "never":
        return Problem(name, "is not given to users", rule)
    if setting is not None and setting.users_may_adjust is False:
        return Problem(name, "this deployment does not give it to users", f"configuration.{rule}.users_may_adjust")
    if setting is not None and setting.on is not None:
        return Problem(name, "this deployment has settled it", f"configuration.{rule}.state")
    return Problem(name, "is given to users only where the operator grants it, and this deployment does not", rule)
