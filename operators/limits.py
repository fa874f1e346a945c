"""Change limits: the one way for the console, the admin and commands, so that each change is an entry."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from audit.log.names import Name
from audit.log.writer import write
from operators.allowances import AMOUNTS, KINDS, OPERATOR, PLATFORM, Allowance, Kind, ceiling, lower
from operators.models import Account, Deployment, Key, Limits, Operator

FIELDS = (*AMOUNTS, "alert_percent")
Held = Operator | Deployment | Key


def kind_of(subject: Held) -> Kind:
    return KINDS[(Key, Deployment, Operator).index(type(subject))]


def change_limits(subject: Held, said: Mapping[str, Any], *, set_by: str, by: Account | None) -> None:
    """Sets what `said` names of FIELDS, None for nothing said. Takes hold in every process within a second.

    Changing nothing writes nothing. Raises ValidationError for amounts that no limit can have.
    """
    kind = kind_of(subject)
    with transaction.atomic():
        # Whoever changes the same subject's limits at the same time waits here: the entry's `before` is true.
        type(subject).objects.select_for_update(of=["self"]).get(pk=subject.pk)
        row = Limits.objects.filter(**{kind: subject}, set_by=set_by).first() or Limits(
            **{kind: subject}, set_by=set_by
        )
        before = _said(row)
        for name, amount in said.items():
            setattr(row, name, amount)
        after = _said(row)
        if before == after:
            return
        row.clean_fields()
        if after:
            row.save()
        else:
            row.delete()
        write(
            Name.LIMITS_CHANGED,
            actor=("account", by.pk) if by else ("platform", "command"),
            subject=(kind, subject.pk),
            detail={"set_by": set_by, "before": before, "after": after},
        )


def _said(row: Limits) -> dict[str, int | str]:
    """What a row says, as an entry's detail holds it."""
    amounts = {name: getattr(row, name) for name in FIELDS}
    return {
        name: f"{amount:.2f}" if name == "month_money" else int(amount)
        for name, amount in amounts.items()
        if amount is not None
    }


def allowance_of(subject: Held) -> Allowance:
    """What a subject may use by its own rows; those it lies within may allow less."""
    return Allowance.of(kind_of(subject), subject.limits.values())


def most_allowed(subject: Deployment | Key) -> dict[str, Any]:
    """How far the operator may go, by name: what the platform allows the subject, and what holds around it."""
    kind = kind_of(subject)
    platform = subject.limits.filter(set_by=PLATFORM).values().first() or {}
    around = [subject.deployment, subject.deployment.operator] if isinstance(subject, Key) else [subject.operator]
    allowed = {name: ceiling(kind, name, platform) for name in AMOUNTS}
    for wider in map(allowance_of, around):
        allowed = {name: lower(amount, getattr(wider, name)) for name, amount in allowed.items()}
    return allowed


def own_limits(subject: Deployment | Key) -> dict[str, Any]:
    """What the operator's own row says, by name."""
    row = subject.limits.filter(set_by=OPERATOR).values(*FIELDS).first()
    return row or dict.fromkeys(FIELDS)
