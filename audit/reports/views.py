"""Stewards: the report of a month, to read and to take along."""

from typing import Any

from django.db import transaction
from django.db.models import Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from audit.log.names import Name
from audit.log.writer import write
from audit.reports.figures import TooMuchError, figures
from audit.reports.months import Month, month_of, parse_month
from audit.reports.pdf import pdf
from audit.reports.report import report
from operators.access import account_of, stewards_only
from operators.models import Deployment

LISTED = 60
"""Months to choose from."""


@stewards_only
@require_safe
def oversight_report(request: HttpRequest) -> HttpResponse:
    choice = _months()
    asked = request.GET.get("month", "")
    # The last month that is over, or the first there is.
    month = _known(asked) if asked else choice[min(1, len(choice) - 1)]
    context: dict[str, Any] = {
        "month": month,
        "months": [(str(one), date_format(one.first, "F Y")) for one in choice],
    }
    try:
        context["report"] = report(figures(month))
    except TooMuchError:
        context["problem"] = _too_much()
    return render(request, "reports/report.html", context, status=503 if "problem" in context else 200)


@stewards_only
@require_GET
def oversight_report_pdf(request: HttpRequest, month: str) -> HttpResponse:
    chosen = _known(month)
    try:
        made = report(figures(chosen))
    except TooMuchError:
        return HttpResponse(_too_much(), content_type="text/plain; charset=utf-8", status=503)
    content = pdf(made)
    with transaction.atomic():
        write(
            Name.EXPORT_MADE,
            actor=("account", account_of(request).pk),
            subject=("report", str(chosen)),
            detail={"what": "oversight report", "month": str(chosen)},
        )
    named = {"Content-Disposition": f'attachment; filename="plumbline-oversight-{chosen}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=named)


def _months() -> list[Month]:
    """From this month back to that of the first deployment."""
    first = Deployment.objects.aggregate(first=Min("created_at"))["first"]
    months = [month_of(timezone.now())]
    while first is not None and months[-1] > month_of(first) and len(months) < LISTED:
        months.append(months[-1].before)
    return months


def _known(text: str) -> Month:
    """Raises Http404 for what is no month, and for those to come."""
    month = parse_month(text)
    if month is None or month > month_of(timezone.now()):
        raise Http404
    return month


def _too_much() -> str:
    return _("This month is more than can be counted while you wait. Try again when the platform is less busy.")
