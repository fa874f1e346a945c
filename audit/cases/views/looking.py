"""A case without working on it, one's own way of working, and how well the room works."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.cases import quality as measures
from audit.cases import reading
from audit.cases.citing import names
from audit.cases.claiming import claimable
from audit.cases.exposure import profile_of
from audit.cases.forms import PreferencesForm, QueuesForm
from audit.cases.golden import GoldenError, retire, set_golden
from audit.cases.models import Case, GoldenCase, Reviewer
from audit.cases.service_levels import late
from audit.log.names import Name
from audit.log.writer import write
from operators.access import account_of, reviewers_only, stewards_only
from operators.models import Account

MONTHS = 6


@reviewers_only
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Read only. What reviewers concluded is shown once the case is closed: later ones look with fresh eyes."""
    account = account_of(request)
    profile = profile_of(account)
    found = Case.objects.select_related("conversation__deployment__operator", "decided_by", "golden")
    shown = get_object_or_404(found, pk=case_id)
    if shown.queue not in profile.queues and not account.is_steward:
        raise Http404
    write(Name.CONVERSATION_VIEWED, actor=("account", account.pk), subject=("conversation", shown.conversation_id))
    closed = shown.status == Case.Status.CLOSED
    context = {
        "case": shown,
        "deployment": shown.conversation.deployment,
        "turns": reading.turns(shown),
        "history": reading.history(shown),
        "profile": profile,
        "rule": names().get(shown.verdict_rule, shown.verdict_rule),
        "appeals": shown.appeals.select_related("decided_by") if closed else [],
        "claimable": not closed and claimable(account, profile).filter(pk=shown.pk).exists(),
        "golden": getattr(shown, "golden", None) if account.is_steward else None,
    }
    return render(request, "cases/case.html", context)


@reviewers_only
def preferences(request: HttpRequest) -> HttpResponse:
    profile = profile_of(account_of(request))
    form = PreferencesForm(request.POST or None, instance=profile)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("case-preferences")
    return render(request, "cases/preferences.html", {"form": form, "profile": profile})


@stewards_only
def reviewers(request: HttpRequest) -> HttpResponse:
    """Who reviews, and in which queues."""
    people = Account.objects.filter(Q(is_reviewer=True) | Q(is_steward=True), is_active=True).order_by("name", "email")
    profiles = {one.account_id: one for one in Reviewer.objects.filter(account__in=people)}
    every = [str(queue) for queue in Case.Queue.values]
    rows = [
        (
            person,
            QueuesForm(
                initial={"queues": profiles[person.pk].queues if person.pk in profiles else every},
                prefix=str(person.pk),
            ),
        )
        for person in people
    ]
    return render(request, "cases/reviewers.html", {"rows": rows})


@stewards_only
@require_POST
def set_queues(request: HttpRequest, account_id: UUID) -> HttpResponse:
    person = get_object_or_404(Account, Q(is_reviewer=True) | Q(is_steward=True), pk=account_id)
    form = QueuesForm(request.POST, prefix=str(person.pk))
    if form.is_valid():
        profile = profile_of(person)
        before, profile.queues = profile.queues, form.cleaned_data["queues"]
        profile.save(update_fields=["queues"])
        write(
            Name.REVIEWER_CHANGED,
            actor=("account", account_of(request).pk),
            subject=("account", person.pk),
            detail={"before": before, "after": profile.queues},
        )
        messages.success(request, _("Saved."))
    return redirect("case-reviewers")


@reviewers_only
def quality(request: HttpRequest) -> HttpResponse:
    """Agreement, calibration and the screens' precision. Reviewers see themselves, stewards everyone."""
    account = account_of(request)
    since = timezone.now() - timedelta(days=30 * MONTHS)
    people = measures.calibrations(since)
    context = {
        "agreement": measures.agreement(since),
        "least": measures.LEAST_PAIRS,
        "people": people if account.is_steward else [one for one in people if one.reviewer == str(account)],
        "signals": measures.signals(since),
        "golden": GoldenCase.objects.filter(retired_at=None).count(),
        "late": late(),
        "months": MONTHS,
    }
    return render(request, "cases/quality.html", context)


@stewards_only
@require_POST
def make_golden(request: HttpRequest, case_id: UUID) -> HttpResponse:
    shown = get_object_or_404(Case, pk=case_id)
    try:
        if request.POST.get("retire"):
            retire(shown, by=account_of(request))
            messages.success(request, _("It is not mixed in any more."))
        else:
            set_golden(shown, by=account_of(request))
            messages.success(request, _("It is mixed in, unmarked, for those who have not seen it."))
    except GoldenError as error:
        messages.error(request, str(error))
    return redirect("case", case_id)
