"""One conversation: what was said, why each turn was decided so, and what the model was told."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit.log.names import Name
from audit.log.writer import write
from conversations.models import Conversation, Turn
from conversations.pages.sent import sent
from conversations.pages.transcript import read
from operators.access import account_of, may_change, own_deployment, reviewers_only

PAGE = 50
"""Turns on one page; a conversation may have thousands."""


@login_required
@require_safe
def conversation(request: HttpRequest, deployment_id: UUID, conversation_id: UUID) -> HttpResponse:
    context = _own(request, deployment_id, conversation_id)
    return render(request, "conversations/one.html", context | _page(request, context["conversation"]))


@login_required
@require_safe
def turn(request: HttpRequest, deployment_id: UUID, turn_id: UUID) -> HttpResponse:
    """An address that leads to a turn wherever it stands in its conversation."""
    deployment = own_deployment(request, deployment_id)
    found = get_object_or_404(Turn.objects.only("conversation_id", "number"), pk=turn_id, deployment=deployment)
    return redirect(_address(reverse("conversation", args=[deployment.pk, found.conversation_id]), found))


@login_required
@require_safe
def sent_in_turn(request: HttpRequest, deployment_id: UUID, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """What the model was told in a turn, to the letter."""
    context = _own(request, deployment_id, conversation_id)
    turn = _turn(context["conversation"], turn_id)
    return render(request, "conversations/sent.html", context | {"sent": sent(turn)})


@reviewers_only
@require_safe
def any_conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """For reviewers and stewards. That they looked is an entry in the audit log."""
    shown = _looked_at(request, conversation_id)
    context = {"deployment": shown.deployment, "conversation": shown} | _page(request, shown)
    return render(request, "conversations/any.html", context)


@reviewers_only
@require_safe
def any_turn(_request: HttpRequest, turn_id: UUID) -> HttpResponse:
    found = get_object_or_404(Turn.objects.only("conversation_id", "number"), pk=turn_id)
    return redirect(_address(reverse("any-conversation", args=[found.conversation_id]), found))


@reviewers_only
@require_safe
def any_sent(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """What the model was told in a turn, for reviewers and stewards; an entry too."""
    shown = _looked_at(request, conversation_id)
    context = {"deployment": shown.deployment, "conversation": shown, "sent": sent(_turn(shown, turn_id))}
    return render(request, "conversations/any_sent.html", context)


def _looked_at(request: HttpRequest, conversation_id: UUID) -> Conversation:
    found = Conversation.objects.select_related("deployment__operator", "branched_from")
    shown = get_object_or_404(found, pk=conversation_id)
    write(
        Name.CONVERSATION_VIEWED, actor=("account", account_of(request).pk), subject=("conversation", conversation_id)
    )
    return shown


def _page(request: HttpRequest, shown: Conversation) -> dict[str, Any]:
    """The turns from number `from` on; several may have one number, where they were begun at once."""
    first = max(1, _number(request.GET.get("from", "")))
    found = shown.turns.select_related("configuration", "key", "deployment", "trial")
    found = found.prefetch_related("findings", "branches")
    turns = list(found.filter(number__gte=first).order_by("number", "started_at", "id")[: PAGE + 1])
    return {
        "turns": read(turns[:PAGE]),
        "earlier": max(1, first - PAGE) if first > 1 else None,
        "later": turns[PAGE].number if len(turns) > PAGE else None,
    }


def _address(conversation: str, turn: Turn) -> str:
    # Pages begin at any number, so that its place is found without counting.
    start = f"?from={turn.number - turn.number % PAGE or 1}" if turn.number >= PAGE else ""
    return f"{conversation}{start}#turn-{turn.pk}"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 1


def _turn(shown: Conversation, turn_id: UUID) -> Turn:
    return get_object_or_404(shown.turns.select_related("configuration"), pk=turn_id)


def _own(request: HttpRequest, deployment_id: UUID, conversation_id: UUID) -> dict[str, Any]:
    deployment = own_deployment(request, deployment_id)
    found = Conversation.objects.select_related("branched_from")
    return {
        "deployment": deployment,
        "section": "conversations",
        "may_change": may_change(account_of(request), deployment),
        "conversation": get_object_or_404(found, pk=conversation_id, deployment=deployment),
    }
