"""The behaviours of the charter as rows of a form, and what was chosen as settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from charter import Charter, Problem
from charter.document import Behaviour

GROUPS = (
    ("hardcoded_on", _("Always"), _("Promises to every user. Nobody switches them off.")),
    ("hardcoded_off", _("Never"), _("Nobody switches these on.")),
    ("default_on", _("On unless you switch it off"), ""),
    ("default_off", _("Off unless you switch it on"), ""),
)


@dataclass(frozen=True)
class MatrixRow:
    """One behaviour. `state` is "", "on" or "off", `users` "", "yes" or "no"; "" leaves it to the charter."""

    behaviour: Behaviour
    state: str
    users: str
    reason: str
    problem: str

    @property
    def may_users(self) -> bool:
        return self.behaviour.users != "never"


def rows(
    charter: Charter, chosen: Mapping[str, Mapping[str, Any]], problems: Mapping[str, str]
) -> list[tuple[Any, Any, list[MatrixRow]]]:
    """(title, explanation, rows) of each kind."""
    return [
        (
            title,
            explanation,
            [_row(one, chosen.get(one.id, {}), problems) for one in charter.behaviours if one.kind == kind],
        )
        for kind, title, explanation in GROUPS
    ]


def _row(behaviour: Behaviour, chosen: Mapping[str, Any], problems: Mapping[str, str]) -> MatrixRow:
    return MatrixRow(
        behaviour,
        str(chosen.get("state", "")),
        {True: "yes", False: "no"}.get(chosen.get("users_may_adjust"), ""),
        str(chosen.get("reason", "")),
        problems.get(behaviour.id, ""),
    )


def from_post(charter: Charter, post: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What differs from the charter's defaults; the rest is left out, so that it follows the charter."""
    chosen: dict[str, dict[str, Any]] = {}
    for behaviour in charter.behaviours:
        if not behaviour.softcoded:
            continue
        setting: dict[str, Any] = {}
        if post.get(f"{behaviour.id}-state") in {"on", "off"}:
            setting["state"] = post[f"{behaviour.id}-state"]
        if post.get(f"{behaviour.id}-users") in {"yes", "no"}:
            setting["users_may_adjust"] = post[f"{behaviour.id}-users"] == "yes"
        if post.get(f"{behaviour.id}-reason", "").strip():
            setting["reason"] = post[f"{behaviour.id}-reason"].strip()
        if setting:
            chosen[behaviour.id] = setting
    return chosen


def by_behaviour(problems: list[Problem]) -> dict[str, str]:
    """The problems' words by the behaviour they are about; "" for the rest."""
    found: dict[str, str] = {}
    for problem in problems:
        parts = problem.path.split(".")
        about = parts[1] if parts[0] == "behaviours" and len(parts) > 1 else ""
        found[about] = f"{found[about]} {problem.message}" if about in found else problem.message
    return found
