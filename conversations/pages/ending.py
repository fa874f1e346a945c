"""Stewards end a conversation, from its page."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from conversations.ending import end_by_steward
from conversations.models import Conversation
from operators.access import account_of
from operators.oversight.acts import Act, RefusedError, act_of_stewards, page


@act_of_stewards
def end(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = get_object_or_404(Conversation.objects.select_related("deployment__operator"), pk=conversation_id)

    def do(data: dict[str, Any]) -> str:
        if not end_by_steward(conversation, reason=data["reason"], by=account_of(request)):
            raise RefusedError(_("It had ended already."))
        return _("The conversation is ended.")

    told = [
        _("Every further turn of this conversation says that it has ended. Someone at risk is answered all the same."),
        _("An answer that is under way ends within a second. This cannot be taken back."),
        _("The members of %(who)s see it, and your reason.") % {"who": conversation.deployment.operator},
    ]
    back = reverse("any-conversation", args=[conversation.pk])
    return page(request, Act(_("End a conversation"), _("End it for good"), lambda _data: told, do, back))
