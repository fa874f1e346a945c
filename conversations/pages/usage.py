"""What a deployment used: the API's numbers, as a table."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from conversations.usage import usage
from conversations.usage_question import UsageError, read_question
from operators.access import account_of, may_change, own_deployment
from operators.catalogue import catalogue_now
from operators.models import Key


@login_required
def usage_page(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id)
    names = dict(Key.everything.filter(deployment=deployment).values_list("pk", "name"))
    context: dict[str, object] = {
        "deployment": deployment,
        "section": "usage",
        "may_change": may_change(account_of(request), deployment),
        "asked": request.GET,
        "keys": [(str(pk), name) for pk, name in names.items()],
    }
    try:
        question = read_question(request.GET, deployment.pk, datetime.now(UTC))
        counted = usage(question, catalogue_now().offers(deployment.operator_id, [], {}).listed.values())
    except UsageError as error:
        context["problem"] = error
    else:
        rows = [(row, names.get(row.key_id)) for row in counted.rows]
        context |= {"question": question, "total": counted.total, "rows": rows}
    return render(request, "conversations/usage.html", context)
