"""Entries for people: who did what to what, by their names, and what was before and after."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from audit.log.models import Entry
from operators.models import Account, Deployment, Key, Operator, Upstream, Webhook
from operators.trail.forms import said

NAMED: dict[str, type[models.Model]] = {
    "account": Account,
    "deployment": Deployment,
    "key": Key,
    "operator": Operator,
    "upstream": Upstream,
    "webhook": Webhook,
}
KNOWN_ANYWAY = {"operator", "deployment"}
"""What the page says already."""


class Change(NamedTuple):
    """One thing that an act told of; `before` is None where it is told as it is."""

    what: str
    before: str | None
    after: str


@dataclass(frozen=True)
class ReadEntry:
    entry: Entry
    act: str
    actor: str
    subject: str
    subject_link: str
    """As the filter takes it."""
    changes: list[Change]


def read(entries: Iterable[Entry], operator: Operator | None) -> list[ReadEntry]:
    """operator: for whose eyes; the platform's staff has no names there."""
    listed = list(entries)
    refs = {(one.actor_type, one.actor_id) for one in listed} | {(one.subject_type, one.subject_id) for one in listed}
    names = _names(refs, operator)
    return [
        ReadEntry(
            entry=one,
            act=said(one.name),
            actor=_name(names, one.actor_type, one.actor_id),
            subject=_name(names, one.subject_type, one.subject_id),
            subject_link=f"{one.subject_type}:{one.subject_id}",
            changes=list(changes(one.detail)),
        )
        for one in listed
    ]


def changes(detail: Mapping[str, Any]) -> Iterator[Change]:
    """Field by field where an act says what was before and after; else what it says."""
    before, after = detail.get("before"), detail.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        for field in sorted(before.keys() | after.keys()):
            if before.get(field) != after.get(field):
                yield Change(said(field), _short(before.get(field)), _short(after.get(field)))
    elif "before" in detail and "after" in detail:
        yield Change("", _short(before), _short(after))
    for field, value in sorted(detail.items()):
        if field not in KNOWN_ANYWAY | {"before", "after"} and value not in (None, [], {}, ""):
            yield Change(said(field), None, _short(value))


def _short(value: Any) -> str:
    if value is None:
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        value = [f"{said(str(name))} {_short(one)}" for name, one in sorted(value.items())]
    text = ", ".join(map(_short, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 200 else f"{text[:199]}…"


def _name(names: Mapping[tuple[str, str], str], kind: str, identity: str) -> str:
    known = names.get((kind, identity))
    if kind == "account":
        return known or _("an account that is gone (%(id)s)") % {"id": identity[:8]}
    if kind == "platform":
        return _("Plumbline itself (%(what)s)") % {"what": identity}
    plain = identity if len(identity) <= 20 else identity[:8]
    return f"{said(kind)} {known or plain}"


def _names(refs: set[tuple[str, str]], operator: Operator | None) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for kind, model in NAMED.items():
        wanted = [identity for of, identity in refs if of == kind]
        for row in _rows(model, wanted):
            found[kind, str(row.pk)] = str(row)
    if operator is not None:
        members = set(map(str, operator.memberships.values_list("account_id", flat=True)))
        staff = Account.objects.filter(models.Q(is_steward=True) | models.Q(is_reviewer=True))
        for account in _rows(staff, [identity for kind, identity in refs if kind == "account"]):
            if str(account.pk) not in members:
                found["account", str(account.pk)] = _("Plumbline's staff")
    return found


def _rows(of: Any, identities: list[str]) -> Iterable[Any]:
    rows = of if isinstance(of, models.QuerySet) else of._base_manager.all()
    try:
        return list(rows.filter(pk__in=identities))
    except (ValidationError, ValueError):
        return [row for one in identities if len(identities) > 1 for row in _rows(rows, [one])]
