"""Stewards: how the reviews get on, what was given up and is to be tried again, how much a judge looks at."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from audit.reviews.retrying import retry_given_up, set_share
from conversations import review_metrics
from conversations.judge import named_judge
from conversations.models import Job
from operators.access import account_of, stewards_only
from operators.models import Deployment

PAGE = 50


class ShareForm(forms.Form):
    deployment = forms.ModelChoiceField(
        label=gettext_lazy("Deployment"),
        queryset=Deployment.objects.select_related("operator").order_by("operator__name", "name"),
    )
    percent = forms.IntegerField(
        label=gettext_lazy("Percent of its turns"),
        min_value=0,
        max_value=100,
        help_text=gettext_lazy("Flagged turns, and what the screens find, a judge always looks at."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deployment"].label_from_instance = lambda one: (  # type: ignore[attr-defined]
            f"{one.operator} · {one} ({one.judged_share:.0%})"
        )


@stewards_only
def reviews(request: HttpRequest) -> HttpResponse:
    return _page(request, ShareForm())


def _page(request: HttpRequest, form: ShareForm, status: int = 200) -> HttpResponse:
    named = named_judge()
    context = {
        "queues": review_metrics.queues(),
        "judge": named.model if named else "",
        "rests": review_metrics.judge_rests(),
        "batches": settings.REVIEW_BATCHES,
        "given_up": Paginator(_given_up(), PAGE).get_page(request.GET.get("page")),
        "form": form,
    }
    return render(request, "reviews/reviews.html", context, status=status)


@stewards_only
@require_POST
def retry(request: HttpRequest) -> HttpResponse:
    """Asked once more before it is done: what is chosen may be many."""
    until = parse_datetime(request.POST.get("until", "")) if "until" in request.POST else None
    if "all" in request.POST or until is not None:
        # All that there were when they were counted; what is given up meanwhile was not meant.
        until, chosen = until or timezone.now(), []
        found = _given_up().filter(dead_at__lte=until)
    else:
        chosen = [int(one) for one in request.POST.getlist("job")[:PAGE] if one.isdigit() and len(one) < 19]
        found = _given_up().filter(pk__in=chosen)
    if not (count := found.count()):
        messages.warning(request, _("Choose at least one review that was given up."))
    elif "confirmed" not in request.POST:
        context = {"chosen": chosen, "until": until and until.isoformat(), "count": count, "shown": found[:10]}
        return render(request, "reviews/retry.html", context)
    else:
        count = retry_given_up(list(found.values_list("pk", flat=True)), account_of(request))
        said = ngettext("%(n)d review is tried again.", "%(n)d reviews are tried again.", count)
        messages.success(request, said % {"n": count})
    return redirect("reviews")


@stewards_only
@require_POST
def share(request: HttpRequest) -> HttpResponse:
    form = ShareForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 400)
    deployment, percent = form.cleaned_data["deployment"], form.cleaned_data["percent"]
    set_share(deployment, percent / 100, account_of(request))
    messages.success(request, _("Saved. It holds for reviews from now on."))
    return redirect("reviews")


def metrics(request: HttpRequest) -> HttpResponse:
    """For a scraper with the token of the settings, and for stewards."""
    token, given = settings.METRICS_TOKEN, request.headers.get("authorization", "")
    if not (token and constant_time_compare(given, f"Bearer {token}")):
        return _metrics_of_stewards(request)
    return _metrics()


@stewards_only
def _metrics_of_stewards(_request: HttpRequest) -> HttpResponse:
    return _metrics()


def _metrics() -> HttpResponse:
    return HttpResponse(review_metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _given_up() -> Any:
    found = Job.objects.filter(done_at=None, dead_at__isnull=False).select_related("turn__deployment__operator")
    return found.order_by("-dead_at", "-pk")
