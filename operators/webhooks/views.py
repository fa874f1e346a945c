"""Webhooks in the console: what there is and how it fares, the log of deliveries, and everything that can be done."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from operators.access import account_of, may_change_for, signed_in
from operators.models import EventType, Operator, Webhook, WebhookDelivery
from operators.models.webhooks import TEST
from operators.webhooks.endpoints import (
    Actor,
    change_webhook,
    create_webhook,
    disable,
    enable,
    remove,
    rotate_secret,
    send_test,
)
from operators.webhooks.forms import ReplayForm, RotateForm, WebhookForm
from operators.webhooks.replaying import replay, replay_failed
from operators.webhooks.sending import payload

PAGE = 30
OPEN = Q(done_at=None, dead_at=None)
STATUSES = {"open": OPEN, "delivered": Q(done_at__isnull=False), "failed": Q(dead_at__isnull=False)}


@signed_in
def webhooks(request: HttpRequest) -> HttpResponse:
    """Of each of the person's operators, with how they fare."""
    account = account_of(request)
    operators = account.operators.order_by("name").prefetch_related("webhooks")
    waiting, failed = (_counts(operators, which) for which in (OPEN, STATUSES["failed"]))
    sections = [
        (
            operator,
            may_change_for(account, operator),
            [(one, waiting.get(one.pk, 0), failed.get(one.pk, 0)) for one in operator.webhooks.all()],
        )
        for operator in operators
    ]
    return render(request, "webhooks/list.html", {"sections": sections, "events": EventType.choices})


@signed_in
@never_cache
def new(request: HttpRequest, operator_id: UUID) -> HttpResponse:
    account = account_of(request)
    operator = get_object_or_404(account.operators, pk=operator_id)
    if not may_change_for(account, operator):
        raise PermissionDenied
    form = WebhookForm(request.POST or None, operator=operator)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = create_webhook(operator, actor=_actor(request), **form.fields_for_webhook())
        except ValidationError as error:
            form.add_problems(error)
        else:
            return render(request, "webhooks/secret.html", {"webhook": made, "secret": secret, "created": True})
    return render(request, "webhooks/form.html", {"form": form, "operator": operator})


@signed_in
def webhook(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """One webhook and its deliveries, newest first, by keyset. htmx asks for the log alone."""
    shown = _own(request, webhook_id)
    context = _log(request, shown) | {"webhook": shown}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "webhooks/log.html", context)
    return render(request, "webhooks/one.html", context | _page(request, shown))


@signed_in
def delivery(request: HttpRequest, webhook_id: UUID, delivery_id: int) -> HttpResponse:
    """One delivery with all its attempts. htmx asks for these alone."""
    shown = _own(request, webhook_id)
    one = _delivery(shown, delivery_id)
    context = {
        "webhook": shown,
        "delivery": one,
        "may_change": may_change_for(account_of(request), shown.operator),
        "body": json.dumps(json.loads(payload(one.type, one.occurred_at, one.data)), indent=2, ensure_ascii=False),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "webhooks/attempts.html", context)
    return render(request, "webhooks/delivery.html", context)


@signed_in
def change(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    shown = _own(request, webhook_id, change=True)
    form = WebhookForm(request.POST or None, operator=shown.operator, webhook=shown)
    if request.method == "POST" and form.is_valid():
        try:
            change_webhook(shown, actor=_actor(request), **form.fields_for_webhook())
        except ValidationError as error:
            form.add_problems(error)
        else:
            messages.success(request, _("Saved."))
            return redirect("webhook", webhook_id)
    saved = _own(request, webhook_id)
    return render(request, "webhooks/form.html", {"form": form, "operator": saved.operator, "webhook": saved})


@signed_in
@require_POST
@never_cache
def rotate(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """The new secret is shown in the answer and nowhere else; reloading that page asks the browser first."""
    shown = _own(request, webhook_id, change=True)
    form = RotateForm(request.POST)
    if form.is_valid():
        hours = form.cleaned_data["overlap"]
        try:
            secret = rotate_secret(shown, overlap=timedelta(hours=hours), actor=_actor(request))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            shown.refresh_from_db()
            return render(request, "webhooks/secret.html", {"webhook": shown, "secret": secret})
    return redirect("webhook", webhook_id)


@signed_in
@require_POST
def test(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    shown = _own(request, webhook_id, change=True)
    try:
        made = send_test(shown, actor=_actor(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("webhook", webhook_id)
    return redirect("webhook-delivery", webhook_id, made.pk)


@signed_in
@require_POST
def switch(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """On where `to` is `on`, else off."""
    shown = _own(request, webhook_id, change=True)
    if request.POST.get("to") == "on":
        enable(shown, actor=_actor(request))
        messages.success(request, _("Switched on. What waited is on its way."))
    else:
        disable(shown, actor=_actor(request))
        messages.success(request, _("Switched off. What is owed waits until you switch it on."))
    return redirect("webhook", webhook_id)


@signed_in
@require_POST
def remove_one(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    shown = _own(request, webhook_id, change=True)
    remove(shown, actor=_actor(request))
    messages.success(request, _("“%(name)s” is removed.") % {"name": shown})
    return redirect("webhooks")


@signed_in
@require_POST
def replay_one(request: HttpRequest, webhook_id: UUID, delivery_id: int) -> HttpResponse:
    shown = _own(request, webhook_id, change=True)
    if replay(_delivery(shown, delivery_id), actor=_actor(request)):
        messages.success(request, _("It is on its way again, under the same id."))
    else:
        messages.info(request, _("It is on its way already."))
    return redirect("webhook-delivery", webhook_id, delivery_id)


@signed_in
@require_POST
def replay_since(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    shown = _own(request, webhook_id, change=True)
    form = ReplayForm(request.POST)
    if not form.is_valid():
        return render(request, "webhooks/one.html", _log(request, shown) | _page(request, shown, replay_form=form))
    count = replay_failed(shown, form.cleaned_data["since"], actor=_actor(request))
    told = ngettext("%(count)d delivery is on its way again.", "%(count)d deliveries are on their way again.", count)
    messages.success(request, told % {"count": count})
    return redirect("webhook", webhook_id)


def _own(request: HttpRequest, webhook_id: UUID, *, change: bool = False) -> Webhook:
    """A webhook of one of the person's operators. Raises Http404 for any other, PermissionDenied for the role."""
    account = account_of(request)
    found = Webhook.objects.select_related("operator").filter(operator__memberships__account=account)
    shown = get_object_or_404(found, pk=webhook_id)
    if change and not may_change_for(account, shown.operator):
        raise PermissionDenied("analysts read; owners and developers change")
    return shown


def _counts(operators: QuerySet[Operator], which: Q) -> dict[UUID, int]:
    found = WebhookDelivery.objects.filter(which, webhook__operator__in=operators)
    return dict(found.order_by().values_list("webhook").annotate(Count("pk")))


def _delivery(webhook: Webhook, delivery_id: int) -> WebhookDelivery:
    if delivery_id >= 2**63:
        raise Http404
    return get_object_or_404(webhook.deliveries.prefetch_related("tries"), pk=delivery_id)


def _actor(request: HttpRequest) -> Actor:
    return ("account", account_of(request).pk)


def _page(request: HttpRequest, shown: Webhook, *, replay_form: ReplayForm | None = None) -> dict[str, Any]:
    """Everything on a webhook's page but the log."""
    names = {str(one.pk): one.name for one in shown.operator.deployments.all()}
    return {
        "webhook": shown,
        "may_change": may_change_for(account_of(request), shown.operator),
        "deployments": [names.get(one, _("a deployment that is gone")) for one in shown.deployment_ids],
        "failures": shown.deliveries.filter(STATUSES["failed"]).count(),
        "waiting": shown.deliveries.filter(OPEN).count(),
        "rotate_form": RotateForm(),
        "replay_form": replay_form or ReplayForm.of_the_last_day(),
    }


def _log(request: HttpRequest, shown: Webhook) -> dict[str, Any]:
    type_, status, before = (request.GET.get(name, "") for name in ("type", "status", "before"))
    found: QuerySet[WebhookDelivery] = shown.deliveries.order_by("-id")
    types = [*EventType.values, TEST]
    if type_ in types:
        found = found.filter(type=type_)
    if status in STATUSES:
        found = found.filter(STATUSES[status])
    if before.isascii() and before.isdigit() and int(before) < 2**63:
        found = found.filter(pk__lt=int(before))
    page = list(found.prefetch_related("tries")[: PAGE + 1])
    more = len(page) > PAGE
    page = page[:PAGE]
    return {
        "deliveries": page,
        "older": page[-1].pk if more else None,
        "moving": shown.enabled and any(one.done_at is None and one.dead_at is None for one in page),
        "type": type_ if type_ in types else "",
        "types": types,
        "status": status if status in STATUSES else "",
        "before": before,
    }
