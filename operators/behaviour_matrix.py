"""The behaviours of the charter as rows of a form, and what was chosen as settings.

A softcoded behaviour is a switch and, where the charter lets users adjust it, the question whether they may here. What
is as the charter has it is left out of the settings, so that it follows the charter; what the settings state all the
same stays stated until it is reset.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from charter import BehaviourSetting, Charter, Problem
from charter.behaviours import users_may_adjust
from charter.document import Behaviour
from operators.behaviour_words import effect

Chosen = Mapping[str, Mapping[str, Any]]
EVERYTHING = "*"
GROUPS = (
    ("default_on", _("On unless you switch it off"), ""),
    ("default_off", _("Off unless you switch it on"), ""),
    ("hardcoded_on", _("Always"), _("Promises to every user. Nobody switches them off.")),
    ("hardcoded_off", _("Never"), _("Nobody switches these on.")),
)


@dataclass(frozen=True)
class MatrixRow:
    """One behaviour as it stands in the draft. `shown`: whether it is among what was searched for."""

    behaviour: Behaviour
    on: bool
    users_may: bool
    reason: str
    changed: bool
    problem: str
    shown: bool = True

    @property
    def may_users(self) -> bool:
        """Whether the charter leaves it to the operator to let users adjust it."""
        return self.behaviour.users != "never"

    @property
    def now(self) -> Any:
        """What its state means for a user."""
        return effect(self.behaviour, on=self.on)

    @property
    def when_on(self) -> Any:
        return effect(self.behaviour, on=True)

    @property
    def when_off(self) -> Any:
        return effect(self.behaviour, on=False)


def rows(
    charter: Charter, chosen: Chosen, problems: Mapping[str, str], *, search: str = "", changed: bool = False
) -> list[tuple[str, Any, Any, list[MatrixRow]]]:
    """(kind, title, explanation, rows) of each kind. All rows are there; those not searched for are not `shown`."""
    words = search.casefold().split()
    return [
        (
            kind,
            title,
            explanation,
            [
                _row(one, chosen.get(one.id, {}), problems, words, changed=changed)
                for one in charter.behaviours
                if one.kind == kind
            ],
        )
        for kind, title, explanation in GROUPS
    ]


def _row(
    behaviour: Behaviour, said: Mapping[str, Any], problems: Mapping[str, str], words: list[str], *, changed: bool
) -> MatrixRow:
    setting, problem = _setting(said), problems.get(behaviour.id, "")
    on = behaviour.default if setting.on is None else setting.on
    text = f"{behaviour.name} {behaviour.reason} {effect(behaviour, on=True)} {effect(behaviour, on=False)}".casefold()
    found = all(word in text for word in words) and (bool(said) or not changed)
    return MatrixRow(
        behaviour,
        on,
        users_may_adjust(behaviour, setting),
        setting.reason,
        bool(said),
        problem,
        shown=found or bool(problem),
    )


def _setting(said: Mapping[str, Any]) -> BehaviourSetting:
    state = said.get("state")
    return BehaviourSetting(
        on=state == "on" if state in {"on", "off"} else None,
        users_may_adjust=said.get("users_may_adjust"),
        reason=str(said.get("reason", "")),
    )


def from_post(charter: Charter, post: Mapping[str, str], before: Chosen) -> dict[str, dict[str, Any]]:
    """What differs from the charter's defaults, and what `before` stated of them outright."""
    chosen = {}
    for behaviour in charter.behaviours:
        # A form of another day may lack a behaviour: what is said of it stays.
        if not behaviour.softcoded or f"{behaviour.id}-there" not in post:
            if behaviour.id in before:
                chosen[behaviour.id] = dict(before[behaviour.id])
            continue
        if setting := _posted(behaviour, post, before.get(behaviour.id, {})):
            chosen[behaviour.id] = setting
    return chosen


def _posted(behaviour: Behaviour, post: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    on, users = f"{behaviour.id}-on" in post, f"{behaviour.id}-users" in post
    setting: dict[str, Any] = {}
    if on != behaviour.default or before.get("state") == ("on" if on else "off"):
        setting["state"] = "on" if on else "off"
    if behaviour.users != "never":
        usual = users_may_adjust(behaviour, _setting(setting))
        if users != usual or before.get("users_may_adjust") is users:
            setting["users_may_adjust"] = users
    if reason := post.get(f"{behaviour.id}-reason", "").strip():
        setting["reason"] = reason
    return setting


def reset(chosen: Mapping[str, dict[str, Any]], which: str) -> dict[str, dict[str, Any]]:
    """Without what is said of one behaviour, or of EVERYTHING."""
    return {} if which == EVERYTHING else {name: said for name, said in chosen.items() if name != which}


def by_behaviour(problems: list[Problem]) -> dict[str, str]:
    """The problems' words by the behaviour they are about; "" for the rest."""
    found: dict[str, str] = {}
    for problem in problems:
        parts = problem.path.split(".")
        about = parts[1] if parts[0] == "behaviours" and len(parts) > 1 else ""
        found[about] = f"{found[about]} {problem.message}" if about in found else problem.message
    return found
