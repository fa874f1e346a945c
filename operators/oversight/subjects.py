"""What a pause is about, by name: for forms, for what they say beforehand, and for what operators are told."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.oversight.models import Pause
from charter import can_be_paused, load_charter
from operators.catalogue import catalogue_now
from operators.models import Deployment, Operator

Subject = Pause.Subject


@dataclass(frozen=True, slots=True)
class Found:
    """A subject that there is. `within`: what its entry names besides, so that the operator's trail finds it."""

    kind: str
    id: str
    name: str
    within: dict[str, Any]


def choices() -> list[tuple[str, Any]]:
    """For a select: `kind:id`."""
    charter = load_charter()
    return [
        ("", _("Choose what to pause")),
        ("platform:", _("The whole platform")),
        (_("Operators"), [(f"operator:{one.pk}", one.name) for one in Operator.objects.order_by("name")]),
        (_("Deployments"), [(f"deployment:{pk}", name) for pk, name in deployments()]),
        (_("Models"), [(f"model:{name}", name) for name in catalogue_now().names()]),
        (
            _("Behaviours"),
            [(f"behaviour:{one.id}", one.name) for one in charter.behaviours if can_be_paused(charter, one.id)],
        ),
    ]


def deployments() -> list[tuple[str, str]]:
    """All of them, by their operators' names: (id, name)."""
    found = Deployment.objects.select_related("operator").order_by("operator__name", "name")
    return [(str(one.pk), f"{one.operator} · {one}") for one in found]


def find(kind: str, subject_id: str) -> Found:
    """Raises ValueError, in words for a form or a command, where there is no such subject."""
    if kind == Subject.PLATFORM and not subject_id:
        return Found(kind, "", _("the whole platform"), {})
    if kind in {Subject.OPERATOR, Subject.DEPLOYMENT}:
        return _row(kind, subject_id)
    if kind == Subject.MODEL and subject_id in catalogue_now().names():
        return Found(kind, subject_id, subject_id, {})
    charter = load_charter()
    if kind == Subject.BEHAVIOUR and can_be_paused(charter, subject_id):
        return Found(kind, subject_id, charter.behaviour_by_id[subject_id].name, {})
    raise ValueError(_("There is no %(kind)s “%(id)s” that can be paused.") % {"kind": kind, "id": subject_id[:64]})


def _row(kind: str, subject_id: str) -> Found:
    model: Any = Operator if kind == Subject.OPERATOR else Deployment
    try:
        row = model.objects.get(pk=UUID(subject_id))
    except (ValueError, model.DoesNotExist):
        raise ValueError(_("There is no such %(kind)s.") % {"kind": kind}) from None
    if kind == Subject.OPERATOR:
        return Found(kind, str(row.pk), str(row), {})
    return Found(kind, str(row.pk), f"{row.operator} · {row}", {"operator": str(row.operator_id)})


def within(kind: str, subject_id: str) -> dict[str, Any]:
    """As in Found, for a subject that may be gone."""
    try:
        return find(kind, subject_id).within
    except ValueError:
        return {}


def names(of: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The name of each (kind, id) that still has one; else its id."""
    wanted = set(of)
    rows = {
        Subject.OPERATOR: Operator.objects.filter(pk__in=_uuids(wanted, Subject.OPERATOR)),
        Subject.DEPLOYMENT: Deployment.objects.select_related("operator").filter(
            pk__in=_uuids(wanted, Subject.DEPLOYMENT)
        ),
    }
    found = {
        (str(kind), str(row.pk)): f"{row.operator} · {row}" if isinstance(row, Deployment) else str(row)
        for kind, those in rows.items()
        for row in those
    }
    behaviours = load_charter().behaviour_by_id
    for kind, subject in wanted:
        if kind == Subject.BEHAVIOUR and subject in behaviours:
            found[kind, subject] = behaviours[subject].name
    return {one: found.get(one, one[1]) for one in wanted}


def _uuids(wanted: Iterable[tuple[str, str]], kind: str) -> list[UUID]:
    return uuids(subject for one, subject in wanted if one == kind)


def uuids(texts: Iterable[str]) -> list[UUID]:
    """Those that are ids of rows: the log holds texts."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(UUID(text))
    return found


def consequences(found: Found) -> list[str]:
    """What a pause of it does, in sentences."""
    if found.kind == Subject.MODEL:
        return [
            _("Requests for this model are refused, by whatever name it is asked for."),
            _("Running streams of its answers end within a second, with an error that gives your reason."),
        ]
    if found.kind == Subject.BEHAVIOUR:
        switched = Deployment.objects.filter(**{f"live__settings__behaviours__{found.id}__state": "on"}).count()
        return [
            _("It is off for everyone, whatever operators and users have chosen. Turns are answered without it."),
            ngettext("%(n)d deployment has it switched on.", "%(n)d deployments have it switched on.", switched)
            % {"n": switched},
            _("Running streams that have it end within a second, with an error that gives your reason."),
        ]
    of = {Subject.OPERATOR: {"operator": found.id}, Subject.DEPLOYMENT: {"pk": found.id}}.get(Subject(found.kind), {})
    stopped = Deployment.objects.filter(**of).count()
    return [
        ngettext("%(n)d deployment stops answering.", "%(n)d deployments stop answering.", stopped) % {"n": stopped},
        _("Running streams end within a second, with an error that gives your reason. Batches wait."),
    ]
