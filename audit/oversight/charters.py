"""Versions of the charter: one steward proposes, another approves, and every process learns which is in force."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import write
from audit.oversight.models import CharterProposal, CharterPublication
from audit.oversight.pauses import needed
from charter import CharterError, Version, in_force, load_charter, lost, parse_charter, put_in_force, versions
from charter.bundled import document_text

State = CharterProposal.State


class ProposalError(Exception):
    """It cannot be; the text says why, for the steward at hand."""


def learn() -> None:
    """Puts into force here what is in force: for processes that do not listen. Raises CharterError where it cannot."""
    latest = CharterPublication.objects.first()
    put_in_force(latest.number if latest else None, latest.digest if latest else "")


def obstacles(number: str) -> tuple[str, ...]:
    """Why a version cannot be proposed, in sentences; none where it can."""
    if number not in {version.number for version in versions()}:
        return (f"there is no version {number}",)
    if number == in_force().number:
        return ("it is in force",)
    try:
        # Read as what is decided by, never as history: what is demanded of the charter in force is demanded of it.
        proposed = parse_charter(document_text(number))
    except CharterError as error:
        return (f"the platform cannot decide by it: {error}",)
    if proposed.digest != _version(number).digest:
        return ("it is not what the index states",)
    return lost(load_charter(), proposed)


def propose(number: str, *, reason: str, by: AbstractBaseUser) -> CharterProposal:
    """A proposal that is to be replayed. Raises ProposalError, ValueError without a reason."""
    if found := obstacles(number):
        raise ProposalError("; ".join(found))
    try:
        with transaction.atomic():
            proposal = CharterProposal.objects.create(
                number=number,
                digest=_version(number).digest,
                replaces=in_force().number,
                reason=needed(reason),
                proposed_by=by,
            )
            _note(Name.CHARTER_PROPOSED, proposal, by, reason=proposal.reason)
    except IntegrityError:
        raise ProposalError("it is proposed already") from None
    return proposal


def approve(proposal: CharterProposal, *, reason: str, by: AbstractBaseUser) -> CharterPublication:
    """Puts it in force everywhere within a second. Raises ProposalError, ValueError without a reason."""
    with transaction.atomic():
        now = _decided(proposal, State.PUBLISHED, reason, by)
        # What was shown must still be what is decided on.
        if found := obstacles(now.number):
            raise ProposalError("; ".join(found))
        if now.replaces != in_force().number:
            raise ProposalError("another version came into force meanwhile: propose it anew")
        publication = CharterPublication.objects.create(number=now.number, digest=now.digest, proposal=now)
        _note(
            Name.CHARTER_PUBLISHED,
            now,
            by,
            replaces=now.replaces,
            proposed_by=str(now.proposed_by_id),
            reason=now.decision_reason,
        )
    learn()
    return publication


def reject(proposal: CharterProposal, *, reason: str, by: AbstractBaseUser) -> None:
    """Whoever proposed it may take it back, too. Raises ProposalError, ValueError without a reason."""
    with transaction.atomic():
        now = _decided(proposal, State.REJECTED, reason, by)
        _note(Name.CHARTER_REJECTED, now, by, reason=now.decision_reason)


def _decided(proposal: CharterProposal, state: str, reason: str, by: AbstractBaseUser) -> CharterProposal:
    # All of them: two approvals at once come one after the other, and the second finds another version in force.
    list(CharterProposal.objects.select_for_update().filter(state__in=[State.REPLAYING, State.READY]))
    learn()
    now = CharterProposal.objects.get(pk=proposal.pk)
    if not now.open:
        raise ProposalError(f"it is {now.get_state_display()} already")
    if state == State.PUBLISHED:
        if now.proposed_by_id == by.pk:
            raise ProposalError("whoever proposed it cannot approve it: that takes another steward")
        if now.state != State.READY:
            raise ProposalError("it is still being replayed")
    now.state, now.decided_by, now.decided_at = state, by, timezone.now()
    now.decision_reason = needed(reason)
    now.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
    return now


def _version(number: str) -> Version:
    return next(version for version in versions() if version.number == number)


def _note(name: Name, proposal: CharterProposal, by: AbstractBaseUser, **detail: Any) -> None:
    write(
        name,
        actor=("account", by.pk),
        subject=("charter", proposal.number),
        detail={"proposal": str(proposal.pk), "digest": proposal.digest, **detail},
    )
