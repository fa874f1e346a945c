"""The room: what waits, the next case, filters of one's own, and many light cases at once."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from audit.cases.bulk import decide_many
from audit.cases.claiming import NotYoursError, claim, claim_next, current
from audit.cases.exposure import exposed, profile_of
from audit.cases.forms import BulkForm, FilterForm, SaveFilterForm
from audit.cases.models import Case, SavedFilter
from audit.cases.paging import page
from audit.cases.progress import progress, undoable, waiting
from audit.cases.verdicts import Given, VerdictError
from operators.access import account_of, reviewers_only

PAGE = 50
CLOSED_ORDER = ("-decided_at", "id")
OPEN_ORDER = ("-mandatory", "-severity", "due_at", "opened_at", "id")


@reviewers_only
def room(request: HttpRequest) -> HttpResponse:
    """Open cases in the order in which they are handed out, or closed ones, the latest first."""
    account = account_of(request)
    profile = profile_of(account)
    form = FilterForm(request.GET)
    found = _found(form, profile.queues)
    closed = form.is_valid() and form.cleaned_data["status"] == "closed"
    cases, after = page(found, CLOSED_ORDER if closed else OPEN_ORDER, request.GET.get("after", ""), PAGE)
    context = {
        "cases": cases,
        "closed": closed,
        "choosable": not closed and any(not one.is_grave and one.stage == Case.Stage.FIRST for one in cases),
        "next": after,
        "query": _query(form),
        "form": form,
        "filters": SavedFilter.objects.filter(account=account),
        "save_form": SaveFilterForm(),
        "waiting": waiting(account, profile),
        "progress": progress(account),
        "exposure": exposed(account, profile),
        "current": current(account),
        "undoable": undoable(account),
    }
    return render(request, "cases/room.html", context)


def _found(form: FilterForm, queues: list[str]) -> QuerySet[Case]:
    found = Case.objects.select_related("conversation__deployment__operator", "decided_by", "claimed_by")
    found = found.filter(form.condition(), queue__in=queues)
    if form.is_valid() and form.cleaned_data["status"] == "closed":
        return found.filter(status=Case.Status.CLOSED)
    return found.filter(status=Case.Status.OPEN)


def _query(form: FilterForm) -> str:
    """The filter as an address has it, without what chooses nothing."""
    from django.http import QueryDict

    query = QueryDict(mutable=True)
    if form.is_valid():
        query.update({name: "on" if value is True else value for name, value in form.cleaned_data.items() if value})
    return query.urlencode()


@reviewers_only
@require_POST
def next_case(request: HttpRequest) -> HttpResponse:
    """The next case, within the filter that is shown."""
    form = FilterForm(request.GET)
    filtered = form.condition() if _query(form) else None
    assessment = claim_next(account_of(request), filtered)
    if assessment is None:
        messages.info(request, _("Nothing waits for you here."))
        return redirect("cases")
    return redirect("assessment", assessment.pk)


@reviewers_only
@require_POST
def claim_case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    try:
        return redirect("assessment", claim(case_id, account_of(request)).pk)
    except NotYoursError:
        messages.warning(request, _("Somebody else has that case, or it waits for others."))
        return redirect("case", get_object_or_404(Case, pk=case_id).pk)


@reviewers_only
@require_POST
def save_filter(request: HttpRequest) -> HttpResponse:
    filtered, form = FilterForm(request.GET), SaveFilterForm(request.POST)
    query = _query(filtered)
    if not form.is_valid() or not query:
        messages.error(request, _("Choose something to filter by, and a name of at most 60 characters."))
    else:
        SavedFilter.objects.update_or_create(
            account=account_of(request), name=form.cleaned_data["name"], defaults={"query": query}
        )
        messages.success(request, _("The filter is saved."))
    return redirect(f"{reverse('cases')}?{query}")


@reviewers_only
@require_POST
def forget_filter(request: HttpRequest, filter_id: int) -> HttpResponse:
    get_object_or_404(SavedFilter, pk=filter_id, account=account_of(request)).delete()
    return redirect("cases")


@reviewers_only
@require_POST
def many(request: HttpRequest) -> HttpResponse:
    """First shows what was chosen; decides when the form with it is whole."""
    asked = "confirm" in request.POST
    form = BulkForm(request.POST if asked else None, initial={"cases": _chosen(request)})
    if asked and form.is_valid():
        given = Given(form.cleaned_data["verdict"], form.cleaned_data["rule"], form.cleaned_data["note"])
        try:
            done = decide_many([case.pk for case in form.cleaned_data["cases"]], given, by=account_of(request))
        except VerdictError as error:
            for field, problem in error.problems.items():
                form.add_error(field, problem)
        else:
            _tell(request, len(done.assessments), done.left)
            return redirect("cases")
    chosen = Case.objects.filter(pk__in=_chosen(request)).select_related("conversation__deployment__operator")
    return render(request, "cases/many.html", {"form": form, "chosen": chosen})


def _chosen(request: HttpRequest) -> list[UUID]:
    chosen = []
    for text in request.POST.getlist("cases")[:200]:
        try:
            chosen.append(UUID(text))
        except ValueError:
            continue
    return chosen


def _tell(request: HttpRequest, done: int, left: int) -> None:
    said: Any = ngettext("%(n)d case is decided.", "%(n)d cases are decided.", done) % {"n": done}
    if left:
        said += " " + ngettext(
            "%(n)d was left: too grave, decided already, or somebody else's.",
            "%(n)d were left: too grave, decided already, or somebody else's.",
            left,
        ) % {"n": left}
    messages.success(request, said)
