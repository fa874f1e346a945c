"""The pages of the audit log: a list with its filter, one entry with its proof, and files to take away."""

import base64
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from audit.log.envelope import hash_of
from audit.log.keys import log_origin
from audit.log.names import Name
from audit.log.notes import Head
from audit.log.proofs import log_now, receipt, run
from audit.log.receipts import lag
from audit.log.writer import write
from operators.access import account_of, own_operator, signed_in, stewards_only
from operators.models import Operator
from operators.trail.export import export
from operators.trail.finding import kinds, one, page
from operators.trail.forms import FilterForm
from operators.trail.proof import steps
from operators.trail.reading import read


@signed_in
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The trail of one's only operator, or which one."""
    operators = list(account_of(request).operators.order_by("name"))
    if len(operators) == 1:
        return redirect("trail", operators[0].pk)
    return render(request, "trail/start.html", {"operators": operators})


@signed_in
@require_safe
def trail(request: HttpRequest, operator_id: UUID) -> HttpResponse:
    return _list(request, own_operator(request, operator_id))


@stewards_only
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    return _list(request, None)


def _list(request: HttpRequest, operator: Operator | None) -> HttpResponse:
    form = FilterForm(request.GET, kinds=kinds())
    context: dict[str, Any] = _places(operator) | {"form": form, "lag": lag() if operator is None else None}
    if form.is_valid():
        wanted = form.wanted()
        found, after = page(operator, wanted, _cursor(request.GET.get("before", "")))
        query = request.GET.copy()
        query.pop("before", None)
        context |= {"entries": read(found, operator), "wanted": wanted, "after": after, "query": query.urlencode()}
    return render(request, "trail/list.html", context, status=200 if form.is_valid() else 400)


@signed_in
@require_safe
def trail_entry(request: HttpRequest, operator_id: UUID, entry_id: UUID) -> HttpResponse:
    return _entry(request, own_operator(request, operator_id), entry_id)


@stewards_only
@require_safe
def log_entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    return _entry(request, None, entry_id)


def _entry(request: HttpRequest, operator: Operator | None, entry_id: UUID) -> HttpResponse:
    found = one(operator, entry_id)
    proof = run(receipt(entry_id)) if found else None
    if found is None or proof is None:
        raise Http404
    (entry,) = read([found], operator)
    context = _places(operator) | {"entry": entry, "receipt": proof, "log": run(log_now())}
    if proof["status"] == "included":
        head = Head.parse(proof["checkpoint"].rpartition("\n\n")[0] + "\n")
        context |= {
            "head": head,
            "root": base64.b64encode(head.root).decode(),
            "leaf": base64.b64encode(hash_of(proof["entry"])).decode(),
            "steps": steps(proof, head),
        }
    return render(request, "trail/entry.html", context)


@signed_in
@require_safe
def trail_receipt(request: HttpRequest, operator_id: UUID, entry_id: UUID) -> HttpResponse:
    return _receipt(own_operator(request, operator_id), entry_id)


@stewards_only
@require_safe
def log_receipt(_request: HttpRequest, entry_id: UUID) -> HttpResponse:
    return _receipt(None, entry_id)


def _receipt(operator: Operator | None, entry_id: UUID) -> HttpResponse:
    found = run(receipt(entry_id)) if one(operator, entry_id) else None
    if found is None:
        raise Http404
    named = {"Content-Disposition": f'attachment; filename="receipt-{entry_id}.json"'}
    return JsonResponse(found, json_dumps_params={"indent": 1, "ensure_ascii": False}, headers=named)


@signed_in
@require_POST
def trail_export(request: HttpRequest, operator_id: UUID) -> HttpResponse:
    return _export(request, own_operator(request, operator_id))


@stewards_only
@require_POST
def log_export(request: HttpRequest) -> HttpResponse:
    return _export(request, None)


def _export(request: HttpRequest, operator: Operator | None) -> HttpResponse:
    form = FilterForm(request.POST, kinds=kinds())
    if not form.is_valid():
        return render(request, "trail/list.html", _places(operator) | {"form": form}, status=400)
    told = {name: form.data[name] for name in form.fields if form.data.get(name)}
    count, content = export(operator, form.wanted(), told)
    with transaction.atomic():
        write(
            Name.EXPORT_MADE,
            actor=("account", account_of(request).pk),
            subject=("operator", operator.pk) if operator else ("log", log_origin()),
            detail={"what": "audit trail", "entries": count, "filter": told},
        )
    named = {"Content-Disposition": 'attachment; filename="plumbline-audit-trail.jsonl"'}
    return HttpResponse(content, content_type="application/x-jsonl", headers=named)


def _places(operator: Operator | None) -> dict[str, Any]:
    """The operator, and the addresses of its trail or of the whole log."""
    if operator is None:
        return {"operator": None, "list_url": reverse("log"), "export_url": reverse("log-export")}
    return {
        "operator": operator,
        "list_url": reverse("trail", args=[operator.pk]),
        "export_url": reverse("trail-export", args=[operator.pk]),
    }


def _cursor(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
