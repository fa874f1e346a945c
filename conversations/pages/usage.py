"""What a deployment used, as charts with their tables, beside the time before; each table as CSV."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations.pages import spreadsheet
from conversations.pages.figures import Figure
from conversations.pages.usage_tables import Sums, Table, as_rows, over_time, shares, together, topics_table
from conversations.topics import topics
from conversations.usage import Amount, Waits, percentile, usage, waits
from conversations.usage_question import Question, UsageError, read_question
from operators.access import account_of, may_change, own_deployment
from operators.models import Key


@login_required
@require_safe
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
        if wanted := request.GET.get("csv"):
            return _csv(question, _tables(question, names), wanted)
        context |= _shown(question, names)
    except UsageError as error:
        context["problem"] = error
    context["query"] = _query(request)
    return render(request, "conversations/usage.html", context)


def _shown(question: Question, names: dict[UUID, str]) -> dict[str, Any]:
    whole = replace(question, split=frozenset({"model", "key"}))
    counted, waited = usage(whole), waits(question)
    sums, before = Sums.of(counted), replace(question.before, split=frozenset())
    earlier = usage(before)
    return {
        "question": question,
        "since": f"{question.start:%Y-%m-%d}",
        "step": 3600 if question.by == "hour" else 86_400,
        "total": counted.total,
        "figures": list(_figures(counted.total, earlier.total, together(waited), together(waits(before)))),
        "compared": before,
        "tables": list(over_time(sums, counted.total, waited, question.by)),
        "shares": list(shares(sums, names)),
        "topics": topics_table(topics(question)),
    }


def _tables(question: Question, names: dict[UUID, str]) -> Iterator[Table]:
    counted = usage(replace(question, split=frozenset({"model", "key"})))
    sums = Sums.of(counted)
    yield from over_time(sums, counted.total, waits(question), question.by)
    yield from shares(sums, names)
    yield topics_table(topics(question))


def _figures(now: Amount, before: Amount, waited: Waits, waited_before: Waits) -> Iterator[Figure]:
    yield Figure(_("Turns"), now.turns, before.turns)
    yield Figure(_("Turned away"), now.redirect, before.redirect, "outcome=redirect")
    yield Figure(_("Flagged"), now.flagged, before.flagged, "marked=flagged")
    yield Figure(_("Model failed"), now.failed, before.failed, "marked=failed")
    tokens, tokens_before = now.input_tokens + now.output_tokens, before.input_tokens + before.output_tokens
    yield Figure(_("Tokens"), tokens, tokens_before)
    yield Figure(_("Cost"), float(now.cost), float(before.cost), places=2)
    own, own_before, model, model_before = (
        percentile(counts, 0.5) for counts in (waited.own, waited_before.own, waited.model, waited_before.model)
    )
    yield Figure(_("Our time, median"), own, own_before, unit="ms")
    yield Figure(_("Model’s time, median"), model, model_before, unit="ms")


def _csv(question: Question, tables: Iterator[Table], wanted: str) -> HttpResponse:
    table = next((table for table in tables if table.name == wanted), None)
    if table is None:
        raise Http404(f"no table {wanted!r}")
    response = HttpResponse(spreadsheet.MARK, content_type="text/csv; charset=utf-8")
    response.writelines(spreadsheet.lines(as_rows(table)))
    name = f"usage-{table.name}-{question.start:%Y%m%d}-{question.end:%Y%m%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _query(request: HttpRequest) -> str:
    """What was asked, for the links to the files."""
    asked = request.GET.copy()
    asked.pop("csv", None)
    return asked.urlencode()
