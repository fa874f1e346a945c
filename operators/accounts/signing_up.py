"""What a new account comes with: an operator of its own, or a place in the one that invited it."""

from audit.log.names import Name
from audit.log.writer import write
from operators.members.invitations import accept
from operators.models import Account, Invitation, Membership, Operator


def open_account(account: Account, organisation: str, invitation: Invitation | None) -> None:
    """Writes what the account begins with, in the caller's transaction. Raises InvitationError."""
    who = ("account", account.pk)
    write(Name.ACCOUNT_CREATED, actor=who, subject=who, detail={"invited": invitation is not None})
    if invitation:
        accept(invitation, account)
        return
    operator = Operator.objects.create(name=organisation)
    Membership.objects.create(operator=operator, account=account, role=Membership.Role.OWNER)
    write(Name.OPERATOR_CREATED, actor=who, subject=("operator", operator.pk), detail={"name": operator.name})
    write(
        Name.MEMBERSHIP_ADDED,
        actor=who,
        subject=("operator", operator.pk),
        detail={"account": str(account.pk), "before": None, "after": Membership.Role.OWNER.value},
    )
