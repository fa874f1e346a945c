"""Stewards: versions of the charter, proposed by one, replayed on recent turns, approved by another."""

from typing import Any
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh
from kombu.exceptions import OperationalError

from audit.oversight import charters
from audit.oversight.charters import ProposalError
from audit.oversight.models import CharterProposal
from charter import in_force, versions
from operators.access import account_of, stewards_only
from operators.oversight.acts import Act, RefusedError, act_of_stewards, page


@stewards_only
def candidates(request: HttpRequest) -> HttpResponse:
    """Every version with what speaks against proposing it, and the proposals so far."""
    context = {
        "versions": [(version, charters.obstacles(version.number)) for version in versions()],
        "in_force": in_force(),
        "proposals": CharterProposal.objects.select_related("proposed_by", "decided_by")[:30],
    }
    return render(request, "oversight/charter.html", context)


@stewards_only
def proposal(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """What it would change; asks for itself anew while it is replayed."""
    found = get_object_or_404(CharterProposal.objects.select_related("proposed_by", "decided_by"), pk=proposal_id)
    if request.htmx and found.state != CharterProposal.State.REPLAYING:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()  # now it can be decided on
    context = {"proposal": found, "own": found.proposed_by_id == account_of(request).pk}
    template = "oversight/parts/replay.html" if request.htmx else "oversight/proposal.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@act_of_stewards
def propose(request: HttpRequest, number: str) -> HttpResponse:
    if number not in {version.number for version in versions()}:
        raise Http404

    def do(data: dict[str, Any]) -> str:
        try:
            charters.propose(number, reason=data["reason"], by=account_of(request))
        except ProposalError as error:
            raise RefusedError(str(error)) from None
        transaction.on_commit(_replay)
        return _("Proposed. Recent turns are being replayed; then another steward decides.")

    told = [
        _("Version %(new)s is proposed in place of %(old)s.") % {"new": number, "old": in_force().number},
        _("Recent turns are decided anew by it, to see what it would change. Nothing changes yet."),
        _("Another steward than you has to approve it."),
    ]
    act = Act(
        _("Propose version %(n)s of the charter") % {"n": number},
        _("Propose it"),
        lambda _data: told,
        do,
        reverse("charter-candidates"),
        danger=False,
    )
    return page(request, act)


def _replay() -> None:
    """At once where the queue is there; else the next look for proposals without a replay finds it."""
    try:
        current_app.send_task("conversations.replay_charter_proposals")
    except (OperationalError, OSError):
        return


@act_of_stewards
def approve(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    found = get_object_or_404(CharterProposal, pk=proposal_id)

    def do(data: dict[str, Any]) -> str:
        try:
            charters.approve(found, reason=data["reason"], by=account_of(request))
        except ProposalError as error:
            raise RefusedError(str(error)) from None
        return _("Version %(n)s is in force, everywhere within a second.") % {"n": found.number}

    told = [
        _("Every turn from now on is decided by version %(new)s instead of %(old)s.")
        % {"new": found.number, "old": found.replaces},
        _("Of %(turns)d replayed turns %(changed)d would have been decided otherwise.")
        % {"turns": found.replayed, "changed": found.changed},
    ]
    if found.misfits:
        told.append(
            _("%(n)d deployments stop answering: their configuration does not fit.") % {"n": len(found.misfits)}
        )
    title = _("Put version %(n)s of the charter in force") % {"n": found.number}
    return page(request, Act(title, _("Put it in force"), lambda _data: told, do, reverse("oversight")))


@act_of_stewards
def reject(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    found = get_object_or_404(CharterProposal, pk=proposal_id)

    def do(data: dict[str, Any]) -> str:
        try:
            charters.reject(found, reason=data["reason"], by=account_of(request))
        except ProposalError as error:
            raise RefusedError(str(error)) from None
        return _("Rejected. Version %(n)s can be proposed anew.") % {"n": found.number}

    told = [_("Version %(n)s does not come into force by this proposal.") % {"n": found.number}]
    title = _("Reject version %(n)s of the charter") % {"n": found.number}
    return page(
        request, Act(title, _("Reject it"), lambda _data: told, do, reverse("charter-candidates"), danger=False)
    )
