"""Differences between two versions in words, for the pages and the API alike."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from charter import SettingsDifference, load_charter, settings_differences
from operators.deployment_models import Models

SHOWN = 100
"""Characters of a longer text that stand in a sentence."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` names the place as problems do; `before` and `after` are JSON, None where nothing is on that side."""

    path: str
    before: Any
    after: Any
    words: str

    @property
    def long(self) -> bool:
        """Whether the words leave out something of a text."""
        return _is_long(self.before) or _is_long(self.after)


def between_settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Empty exactly where both mean the same."""
    return [Difference(one.path, one.before, one.after, _words(one)) for one in settings_differences(before, after)]


def between_models(before: Models, after: Models) -> list[Difference]:
    """Empty exactly where both are the same; the order of the models has no meaning."""
    found = []
    if set(before.allowed) != set(after.allowed):
        words = (
            _("It may use the models %(names)s.") % {"names": ", ".join(after.allowed)}
            if after.allowed
            else _("It may use every model that its operator can reach.")
        )
        found.append(Difference("models.allowed", list(before.allowed), list(after.allowed), words))
    for alias in sorted(before.aliases.keys() | after.aliases.keys()):
        was, now = before.aliases.get(alias), after.aliases.get(alias)
        if was != now:
            words = (
                _("“%(alias)s” stands for the model %(name)s.") % {"alias": alias, "name": now}
                if now
                else _("“%(alias)s” no longer stands for a model.") % {"alias": alias}
            )
            found.append(Difference(f"models.aliases.{alias}", was, now, words))
    return found


def _words(one: SettingsDifference) -> str:
    match one.parts:
        case ("scope", "restrict"):
            return _("Everything outside its scope is turned away.") if one.after else _("Any topic is answered.")
        case ("scope", "allowed" | "refused"):
            named = isinstance(one.after, list) and all(isinstance(name, str) for name in one.after)
            return _("Its topics stand in another order.") if named else _("Its topics changed.")
        case ("scope", "allowed" | "refused" as side, name):
            return _topic(side, name, one.after)
        case ("scope", "allowed" | "refused", name, "examples"):
            return _examples(name, one.before or [], one.after or [])
        case ("behaviours", name, field):
            return _behaviour(name, field, one.before, one.after)
    return _text(_label(one.path), one.before, one.after)


def _label(path: str) -> str:
    labels = {
        "scope.description": _("What it is for"),
        "scope.message": _("What it says when something is out of scope"),
        "persona.name": _("Its name"),
        "persona.style": _("How it speaks"),
        "tone.formality": _("Formality"),
        "tone.warmth": _("Warmth"),
        "tone.length": _("Length of its answers"),
        "tone.language": _("Its language"),
        "instructions": _("The instructions"),
    }
    return labels.get(path, path)


def _text(label: str, before: Any, after: Any) -> str:
    said = {"label": label, "before": _shown(before), "after": _shown(after)}
    if before is None:
        return _("%(label)s: “%(after)s”") % said
    if after is None:
        return _("%(label)s: no longer “%(before)s”") % said
    if _is_long(before) or _is_long(after):
        return _("%(label)s changed.") % said
    return _("%(label)s: “%(after)s” in place of “%(before)s”") % said


def _topic(side: str, name: str, after: Any) -> str:
    said = {"name": name}
    if after is None:
        if side == "allowed":
            return _("“%(name)s” is no longer a topic it helps with.") % said
        return _("“%(name)s” is no longer a topic it leaves out.") % said
    if side == "allowed":
        return _("“%(name)s” is a topic it helps with.") % said
    return _("“%(name)s” is a topic it leaves out.") % said


def _examples(name: str, before: list[str], after: list[str]) -> str:
    gained, lost = (Counter(after) - Counter(before)).total(), (Counter(before) - Counter(after)).total()
    told = [
        ngettext("%(n)s example added", "%(n)s examples added", gained) % {"n": gained} if gained else "",
        ngettext("%(n)s example removed", "%(n)s examples removed", lost) % {"n": lost} if lost else "",
    ]
    changes = ", ".join(part for part in told if part) or _("its examples stand in another order")
    return _("“%(name)s”: %(changes)s.") % {"name": name, "changes": changes}


def _behaviour(identity: str, field: str, before: Any, after: Any) -> str:
    known = load_charter().behaviour_by_id.get(identity)
    said = {"name": known.name if known else identity}
    if field == "state":
        states = {"on": _("on"), "off": _("off"), None: _("left to the charter")}
        said |= {"after": states.get(after, after), "before": states.get(before, before)}
        return _("“%(name)s” is %(after)s; it was %(before)s.") % said
    if field == "users_may_adjust":
        if after is None:
            return _("Whether users may adjust “%(name)s” is left to the charter.") % said
        return _("Users may adjust “%(name)s”.") % said if after else _("Users may not adjust “%(name)s”.") % said
    return _text(_("The reason for “%(name)s”") % said, before, after)


def _is_long(side: Any) -> bool:
    return isinstance(side, str) and _shown(side) != side


def _shown(side: Any) -> str:
    """On one line, shortened."""
    return Truncator(" ".join(str(side).split())).chars(SHOWN)
