"""Invitations: made, sent again, withdrawn, and accepted once by whoever owns the address."""

from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from audit.log.names import Name
from audit.log.writer import write
from operators.models import Account, Invitation, Membership, Operator
from operators.models.invitations import a_while_from_now

SALT = "plumbline.invitation"
IN_SESSION = "invitation"
MOST_PENDING = 50
"""Of one operator: invitations are mail to strangers."""


class InvitationError(Exception):
    """It cannot be; the text says why, for the person at hand."""


def invite(operator: Operator, email: str, role: str, *, by: Account) -> Invitation:
    """A pending invitation; its mail is the caller's to send. Raises InvitationError."""
    email = email.lower()
    try:
        with transaction.atomic():
            # The operator's row is the lock: two requests at once do not go over the limit.
            Operator.objects.select_for_update().get(pk=operator.pk)
            if operator.memberships.filter(account__email__iexact=email).exists():
                raise InvitationError(_("They are a member already."))
            if _pending(operator).count() >= MOST_PENDING:
                raise InvitationError(_("There are %(most)d invitations pending already.") % {"most": MOST_PENDING})
            made = Invitation.objects.create(operator=operator, email=email, role=role, invited_by=by)
            _write(Name.MEMBERSHIP_INVITED, made, by, role=role)
    except IntegrityError:
        raise InvitationError(_("They are invited already: send it again below.")) from None
    return made


def send_again(invitation: Invitation, *, by: Account) -> Invitation:
    """Good for as long as a new one, under a new link; the old link is dead. Raises InvitationError."""
    with transaction.atomic():
        now = _locked(invitation)
        now.mails += 1
        now.expires_at = a_while_from_now()
        now.save(update_fields=["mails", "expires_at"])
        _write(Name.INVITATION_RESENT, now, by, mails=now.mails)
    return now


def withdraw(invitation: Invitation, *, by: Account) -> None:
    """Raises InvitationError where somebody accepted it meanwhile."""
    with transaction.atomic():
        now = _locked(invitation)
        now.state = Invitation.State.WITHDRAWN
        now.save(update_fields=["state"])
        _write(Name.INVITATION_WITHDRAWN, now, by)


def accept(invitation: Invitation, account: Account) -> Membership:
    """The membership. Raises InvitationError, for another person's invitation too."""
    if account.email.lower() != invitation.email.lower():
        raise InvitationError(_("This invitation is for another address."))
    with transaction.atomic():
        now = _locked(invitation)
        if now.expired or now.mails != invitation.mails:
            raise InvitationError(_("This link has expired. Ask for the invitation to be sent again."))
        now.state = Invitation.State.ACCEPTED
        now.save(update_fields=["state"])
        made, new = Membership.objects.get_or_create(
            operator=now.operator, account=account, defaults={"role": now.role}
        )
        if new:
            detail = {"account": str(account.pk), "before": None, "after": made.role}
            _write(Name.MEMBERSHIP_ADDED, now, account, **detail)
    return made


def token(invitation: Invitation) -> str:
    """What the link holds: signed, and of the last mail alone."""
    return signing.dumps([str(invitation.pk), invitation.mails], salt=SALT)


def by_token(given: str) -> Invitation:
    """The pending invitation of a link. Raises InvitationError, which tells nobody which of the reasons it was."""
    problem = InvitationError(_("This link is no longer good. Ask whoever invited you to send it again."))
    try:
        key, mails = signing.loads(given, salt=SALT)
    except signing.BadSignature:
        raise problem from None
    pending = Invitation.objects.filter(pk=key, mails=mails, state=Invitation.State.PENDING)
    found = pending.select_related("operator", "invited_by").first()
    if found is None or found.expired:
        raise problem
    return found


def keep(request: HttpRequest, given: str) -> None:
    """So that signing up in this session joins instead of making an operator."""
    request.session[IN_SESSION] = given


def forget(request: HttpRequest) -> None:
    request.session.pop(IN_SESSION, None)


def pending_in(request: HttpRequest | None) -> Invitation | None:
    """The invitation whose link was opened in this session, while it is good."""
    given = request.session.get(IN_SESSION) if request is not None else None
    if not given:
        return None
    try:
        return by_token(given)
    except InvitationError:
        return None


def _pending(operator: Operator) -> Any:
    return operator.invitations.filter(state=Invitation.State.PENDING)


def _locked(invitation: Invitation) -> Invitation:
    now = Invitation.objects.select_for_update(of=("self",)).select_related("operator").get(pk=invitation.pk)
    if now.state != Invitation.State.PENDING:
        raise InvitationError(_("This invitation is %(state)s.") % {"state": now.get_state_display()})
    return now


def _write(name: Name, invitation: Invitation, by: Account, **detail: Any) -> None:
    write(
        name,
        actor=("account", by.pk),
        subject=("operator", invitation.operator_id),
        detail={"invitation": str(invitation.pk), **detail},
    )
