"""What operators see of stewards' acts: a notice on every page while something holds, and a page of what was done."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from audit.oversight.models import ForcedReview, Pause
from operators.access import own_operator
from operators.models import Account, Deployment
from operators.oversight import history
from operators.oversight.subjects import names

PAGE = 30


@dataclass(frozen=True, slots=True)
class Notice:
    """What holds. `kind`: a pause's subject, or "review"; `operator_id`: whose page tells more, None for everyone's."""

    kind: str
    name: str
    reason: str
    operator_id: UUID | None


def on_every_page(request: HttpRequest) -> dict[str, Any]:
    """`steward_notices`: of the person's own operators. Asked of the database where a page shows them."""
    return {"steward_notices": SimpleLazyObject(lambda: _notices(request))}


def _notices(request: HttpRequest) -> list[Notice]:
    user = getattr(request, "user", None)
    if not isinstance(user, Account):
        return []
    deployments = Deployment.objects.filter(operator__memberships__account=user)
    whose = dict(deployments.values_list("pk", "operator_id"))
    operators = set(user.memberships.values_list("operator_id", flat=True))
    if not operators:
        return []
    subjects = Q(subject_type__in=["platform", "model", "behaviour"]) | Q(
        subject_id__in=[str(pk) for pk in (*operators, *whose)]
    )
    pauses = list(Pause.objects.filter(subjects, lifted_at=None))
    reviews = list(ForcedReview.objects.filter(lifted_at=None, deployment_id__in=list(whose)))
    if not pauses and not reviews:
        return []
    named = names(
        [(one.subject_type, one.subject_id) for one in pauses]
        + [("deployment", str(one.deployment_id)) for one in reviews]
    )
    by_text = {str(pk): pk for pk in operators} | {str(pk): operator for pk, operator in whose.items()}
    return [
        Notice(one.subject_type, named[one.subject_type, one.subject_id], one.reason, by_text.get(one.subject_id))
        for one in pauses
    ] + [
        Notice("review", named["deployment", str(one.deployment_id)], one.reason, whose[one.deployment_id])
        for one in reviews
    ]


@login_required
def of_operator(request: HttpRequest, operator_id: UUID) -> HttpResponse:
    operator = own_operator(request, operator_id)
    shown = Paginator(history.acts_on(operator), PAGE).get_page(request.GET.get("page"))
    context = {"operator": operator, "page": shown, "past": history.read(shown.object_list)}
    return render(request, "oversight/of_operator.html", context)
