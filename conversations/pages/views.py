"""A deployment's conversations, and why each turn was decided so."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from audit.log.names import Name
from audit.log.writer import write
from conversations.models import Conversation, Turn
from conversations.pages.sent import sent
from conversations.pages.transcript import read
from operators.access import account_of, may_change, own_deployment, reviewers_only

PAGE = 30
OUTCOMES = ("answer", "redirect", "decline", "end")


@login_required
def conversations(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """Newest first, by keyset: no page counts the table."""
    deployment = own_deployment(request, deployment_id)
    context = _page(request, Conversation.objects.filter(deployment=deployment)) | {
        "deployment": deployment,
        "section": "conversations",
        "may_change": may_change(account_of(request), deployment),
    }
    return render(request, "conversations/list.html", context)


@reviewers_only
def all_conversations(request: HttpRequest) -> HttpResponse:
    """For reviewers and stewards: every deployment's conversations."""
    found = Conversation.objects.select_related("deployment__operator")
    return render(request, "conversations/all.html", _page(request, found))


@reviewers_only
def any_conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """For reviewers and stewards. That they looked is an entry in the audit log."""
    shown = _looked_at(request, conversation_id)
    context = {"deployment": shown.deployment, "conversation": shown, "turns": read(_turns(shown))}
    return render(request, "conversations/any.html", context)


@reviewers_only
def any_sent(request: HttpRequest, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """What the model was told in a turn, for reviewers and stewards; an entry too."""
    shown = _looked_at(request, conversation_id)
    context = {"deployment": shown.deployment, "conversation": shown, "sent": sent(_turn(shown, turn_id))}
    return render(request, "conversations/any_sent.html", context)


def _looked_at(request: HttpRequest, conversation_id: UUID) -> Conversation:
    shown = get_object_or_404(Conversation.objects.select_related("deployment__operator"), pk=conversation_id)
    write(
        Name.CONVERSATION_VIEWED, actor=("account", account_of(request).pk), subject=("conversation", conversation_id)
    )
    return shown


def _turn(shown: Conversation, turn_id: UUID) -> Turn:
    return get_object_or_404(shown.turns.select_related("configuration"), pk=turn_id)


def _turns(shown: Conversation) -> QuerySet[Turn]:
    return (
        shown.turns.select_related("configuration", "trial")
        .prefetch_related("findings")
        .order_by("number", "started_at")
    )


def _page(request: HttpRequest, found: QuerySet[Conversation]) -> dict[str, object]:
    found = found.order_by(F("last_turn_at").desc(), F("id").desc())
    outcome, flagged = request.GET.get("outcome", ""), request.GET.get("flagged", "")
    if outcome in OUTCOMES:
        found = found.filter(Exists(Turn.objects.filter(conversation=OuterRef("pk"), outcome=outcome)))
    if flagged:
        found = found.filter(flagged=True)
    if position := _position(request.GET.get("before", "")):
        at, conversation_id = position
        found = found.filter(Q(last_turn_at__lt=at) | Q(last_turn_at=at, id__lt=conversation_id))
    page = list(found[: PAGE + 1])
    more = page[PAGE - 1] if len(page) > PAGE else None
    return {
        "conversations": page[:PAGE],
        "next": f"{more.last_turn_at.isoformat()}~{more.id}" if more else "",
        "outcome": outcome,
        "outcomes": OUTCOMES,
        "flagged": flagged,
    }


@login_required
def conversation(request: HttpRequest, deployment_id: UUID, conversation_id: UUID) -> HttpResponse:
    context = _own(request, deployment_id, conversation_id)
    return render(request, "conversations/one.html", context | {"turns": read(_turns(context["conversation"]))})


@login_required
def sent_in_turn(request: HttpRequest, deployment_id: UUID, conversation_id: UUID, turn_id: UUID) -> HttpResponse:
    """What the model was told in a turn, to the letter."""
    context = _own(request, deployment_id, conversation_id)
    turn = _turn(context["conversation"], turn_id)
    return render(request, "conversations/sent.html", context | {"sent": sent(turn)})


def _own(request: HttpRequest, deployment_id: UUID, conversation_id: UUID) -> dict[str, Any]:
    deployment = own_deployment(request, deployment_id)
    return {
        "deployment": deployment,
        "section": "conversations",
        "may_change": may_change(account_of(request), deployment),
        "conversation": get_object_or_404(Conversation, pk=conversation_id, deployment=deployment),
    }


def _position(text: str) -> tuple[datetime, UUID] | None:
    at, _, conversation_id = text.partition("~")
    try:
        return datetime.fromisoformat(at.replace(" ", "+")), UUID(conversation_id)
    except ValueError:
        return None
