"""A deployment's wellbeing over weeks: for its members, and for reviewers and stewards."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Avg, Count, Q
from django.db.models.functions import TruncWeek
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from audit.wellbeing.charts import HEIGHT, WIDTH, sides
from audit.wellbeing.measures import MEASURES, NAMES
from audit.wellbeing.models import Point
from operators.access import account_of, may_change, own_deployment, reviewers_only
from operators.models import Deployment

WEEKS = 26


@login_required
def of_own(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id)
    context = picture(deployment) | {
        "deployment": deployment,
        "section": "wellbeing",
        "may_change": may_change(account_of(request), deployment),
    }
    return render(request, "wellbeing/own.html", context)


@reviewers_only
def of_any(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = get_object_or_404(Deployment.objects.select_related("operator"), pk=deployment_id)
    return render(request, "wellbeing/any.html", picture(deployment) | {"deployment": deployment})


def picture(deployment: Deployment) -> dict[str, Any]:
    """The means of each week, the weeks in their order; a week without turns is not there."""
    since = timezone.now() - timedelta(weeks=WEEKS)
    found = Point.objects.filter(deployment=deployment, at__gte=since).annotate(week=TruncWeek("at")).values("week")
    means = {f"mean_{name}": Avg(name) for name in MEASURES}
    weeks = list(
        found.annotate(
            turns=Count("pk"),
            conversations=Count("conversation", distinct=True),
            judged=Count("pk", filter=Q(source="judge")),
            **means,
        ).order_by("week")
    )
    series = [{name: week[f"mean_{name}"] for name in MEASURES} for week in weeks]
    person, model = sides(series)
    return {
        "weeks": [(week, values.values()) for week, values in zip(weeks, series, strict=True)],
        "person": person,
        "model": model,
        "names": NAMES.values(),
        "span": WEEKS,
        "width": WIDTH,
        "height": HEIGHT,
    }
