"""Two people at one draft: what only one of them changed is kept, and where both did the second one chooses.

A form sends along the draft that it was filled from. What its editor changed is what differs from that, so nobody
overwrites what they never saw: docs/decisions/0025-scheduled-publishing-and-concurrent-edits.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.http import HttpRequest

from operators import actors
from operators.differences import Difference, between_settings
from operators.models import Deployment
from operators.publishing import StaleDraftError, save_draft, settings_digest

BASE = "base"
"""The hidden field that holds the draft as the form was filled from it (operators/partials/draft_base.html)."""
TAKE = "take-"
"""With a conflict's path behind it: a field whose value `theirs` lets the others' change stand."""
TRIES = 5

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conflict:
    """One setting that both changed. mine, theirs: what each changed about it, in words."""

    path: str
    mine: list[Difference]
    theirs: list[Difference]


@dataclass(frozen=True, slots=True)
class Merged:
    """settings: with everything only one side changed, and mine where both did."""

    settings: dict[str, Any]
    conflicts: list[Conflict]


def merge(base: Settings, theirs: Settings, mine: Settings) -> Merged:
    """Three ways, setting by setting: a part of `scope`, of `persona` or `tone`, the instructions, one behaviour.

    What is empty is as good as missing.
    """
    before, other, own = (dict(_settings_of(one)) for one in (base, theirs, mine))
    chosen: dict[str, Any] = {}
    conflicts = []
    for path in dict.fromkeys([*other, *own, *before]):
        was, they, we = (_meant(side.get(path)) for side in (before, other, own))
        # Whoever changed nothing takes the others' value as it is written.
        source = other if we == was else own
        if we not in (was, they) and they != was:
            told = [between_settings(_only(path, was), _only(path, value)) for value in (we, they)]
            conflicts.append(Conflict(path, *told))
        if path in source:
            chosen[path] = source[path]
    return Merged(_nested(chosen), conflicts)


class Edit:
    """A form's work on a draft. A POST brings the draft that the form was filled from; otherwise it is that of now.

    settings: what the form is to show; conflicts: what its person must look at before anything is saved.
    """

    def __init__(self, request: HttpRequest, deployment: Deployment) -> None:
        self._post: Mapping[str, Any] = request.POST if request.method == "POST" else {}
        self._deployment = deployment
        sent = _sent(self._post.get(BASE))
        self.base: dict[str, Any] = deployment.draft if sent is None else sent
        self.settings = self.base
        self.conflicts: list[Conflict] = []
        self.taken_over: list[Difference] = []
        """What others changed meanwhile and is kept, once it is saved."""

    @property
    def base_json(self) -> str:
        return orjson.dumps(self.base).decode()

    def save(self, mine: Settings, *, by: actors.By) -> bool:
        """`mine`: `self.base` with the form's changes. False where others changed the same: nothing is saved then.

        Raises charter.ConfigurationError.
        """
        for _ in range(TRIES):
            theirs = Deployment.objects.values_list("draft", flat=True).get(pk=self._deployment.pk)
            merged = merge(self.base, theirs, self._without_what_is_theirs(mine))
            if merged.conflicts:
                # Now they have seen it: the next time it is theirs that they change.
                self.base, self.settings, self.conflicts = theirs, merged.settings, merged.conflicts
                return False
            try:
                save_draft(self._deployment, merged.settings, by=by, over=settings_digest(theirs))
            except StaleDraftError:
                continue
            self.taken_over = between_settings(self.base, theirs)
            self.base = self.settings = merged.settings
            return True
        raise StaleDraftError("the draft is being saved by others all the time", 0)

    def _without_what_is_theirs(self, mine: Settings) -> Settings:
        """With the base's value, which they were shown, where they chose to let it stand."""
        base, own = dict(_settings_of(self.base)), dict(_settings_of(mine))
        for name, choice in self._post.items():
            path = name.removeprefix(TAKE)
            if name.startswith(TAKE) and choice == "theirs":
                own.pop(path, None)
                own |= {path: base[path]} if path in base else {}
        return _nested(own)


def _settings_of(settings: Settings) -> Iterator[tuple[str, Any]]:
    for section, value in settings.items():
        if isinstance(value, Mapping):
            yield from ((f"{section}.{name}", part) for name, part in value.items())
        else:
            yield section, value


def _nested(settings: Settings) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for path, value in settings.items():
        section, dot, name = path.partition(".")
        if dot:
            whole.setdefault(section, {})[name] = value
        else:
            whole[section] = value
    return whole


def _only(path: str, value: Any) -> dict[str, Any]:
    return {} if value is None else _nested({path: value})


def _meant(value: Any) -> Any:
    """What it says: None for what is empty, and no matter how a browser ends its lines."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip() or None
    if isinstance(value, Mapping):
        inner = {name: _meant(one) for name, one in value.items()}
        return {name: one for name, one in inner.items() if one is not None} or None
    if isinstance(value, list):
        return [_meant(one) for one in value] or None
    return value


def _sent(text: Any) -> dict[str, Any] | None:
    """None for what is no draft; a form then counts as filled from the draft of now."""
    try:
        found = orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
