"""Members of an operator: another role, or none. An operator always has an owner."""

from django.db import transaction
from django.utils.translation import gettext as _

from audit.log.names import Name
from audit.log.writer import write
from operators.models import Account, Membership, Operator


class LastOwnerError(Exception):
    """The operator would be without an owner; the text says so."""


def change_role(membership: Membership, role: str, *, by: Account) -> None:
    """Takes hold with the person's next click. Raises LastOwnerError, Membership.DoesNotExist."""
    with transaction.atomic():
        now = _locked(membership)
        before = now.role
        if before == role:
            return
        _keep_an_owner(now)
        now.role = Membership.Role(role)
        now.save(update_fields=["role"])
        _write(Name.MEMBERSHIP_CHANGED, now, by, before, now.role)


def remove(membership: Membership, *, by: Account) -> None:
    """Takes hold with the person's next click. Raises LastOwnerError, Membership.DoesNotExist."""
    with transaction.atomic():
        now = _locked(membership)
        _keep_an_owner(now)
        _write(Name.MEMBERSHIP_REMOVED, now, by, now.role, None)
        now.delete()


def _locked(membership: Membership) -> Membership:
    """As it is now. The operator's row is the lock: two owners cannot remove each other at once."""
    Operator.objects.select_for_update().get(pk=membership.operator_id)
    return Membership.objects.get(pk=membership.pk)


def _keep_an_owner(membership: Membership) -> None:
    owners = Membership.objects.filter(operator=membership.operator_id, role=Membership.Role.OWNER)
    if membership.role == Membership.Role.OWNER and not owners.exclude(pk=membership.pk).exists():
        raise LastOwnerError(_("The last owner stays: make somebody else an owner first."))


def _write(name: Name, membership: Membership, by: Account, before: str | None, after: str | None) -> None:
    write(
        name,
        actor=("account", by.pk),
        subject=("operator", membership.operator_id),
        detail={"account": str(membership.account_id), "before": before, "after": after and str(after)},
    )
