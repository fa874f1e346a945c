"""Lists of conversations: newest first, narrowed by a filter, by keyset. No page counts the table."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations.models import Conversation, Export
from conversations.pages.filters import FilterForm, find, without
from conversations.reading import Filter, Position, in_order
from operators.access import account_of, deployments_of, may_change, own_deployment, reviewers_only

PAGE = 30
_OF_DEPLOYMENT = "SELECT c.* FROM conversations_conversation c WHERE c.deployment_id = %(deployment)s AND "
_OF_ALL = "SELECT c.* FROM conversations_conversation c WHERE "
LATEST_EXPORTS = 5


@login_required
@require_safe
def conversations(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id)
    form = FilterForm(request.GET)
    if elsewhere := _other_deployment(request, deployment_id):
        return redirect(elsewhere)
    if form.is_valid() and form.cleaned_data["id"]:
        if found := find(form.cleaned_data["id"], deployment_id):
            conversation_id, turn_id = found
            return (
                redirect("turn", deployment_id, turn_id)
                if turn_id
                else redirect("conversation", deployment_id, conversation_id)
            )
        form.add_error("id", _("Nothing of this deployment has this id."))
    account = account_of(request)
    siblings = deployments_of(account).filter(operator=deployment.operator).order_by("name")
    context = _page(request.GET, form, deployment_id) | {
        "deployment": deployment,
        "section": "conversations",
        "may_change": may_change(account, deployment),
        "siblings": [(str(pk), name) for pk, name in siblings.values_list("pk", "name")],
        "exports": Export.objects.filter(deployment=deployment)
        .select_related("account")
        .order_by("-id")[:LATEST_EXPORTS],
    }
    return render(request, "conversations/list.html", context)


@reviewers_only
@require_safe
def all_conversations(request: HttpRequest) -> HttpResponse:
    """For reviewers and stewards: every deployment's conversations, deleted ones too."""
    form = FilterForm(request.GET)
    if form.is_valid() and form.cleaned_data["id"]:
        if found := find(form.cleaned_data["id"], None):
            conversation_id, turn_id = found
            return redirect("any-turn", turn_id) if turn_id else redirect("any-conversation", conversation_id)
        form.add_error("id", _("Nothing has this id."))
    of = _id(request.GET.get("deployment", ""))
    context = _page(request.GET, form, of, deleted_too=True)
    prefetch_related_objects(context["conversations"], "deployment__operator")
    return render(request, "conversations/all.html", context | {"of": of})


def _page(query: QueryDict, form: FilterForm, deployment_id: UUID | None, **how: bool) -> dict[str, Any]:
    shown: list[Conversation] = []
    more = backwards = False
    if form.is_valid():
        position = Position(PAGE, _id(query.get("after", "")), _id(query.get("before", "")))
        found = list(_read(form.chosen(**how), position, deployment_id))
        shown, more, backwards = found[:PAGE], len(found) > PAGE, position.backwards
        if backwards:
            shown.reverse()
    after, before = query.get("after"), query.get("before")
    return {
        "form": form,
        "conversations": shown,
        "narrowed": form.narrowed or after or before,
        "older": shown[-1].pk if shown and (more or backwards) else "",
        "newer": shown[0].pk if shown and (after or (backwards and more)) else "",
        "query": without(query, "after", "before", "id"),
    }


def _read(chosen: Filter, position: Position, deployment_id: UUID | None) -> Any:
    """One more than the page where there are more."""
    conditions, values = in_order(chosen, position)
    sql = (_OF_DEPLOYMENT if deployment_id else _OF_ALL) + conditions
    return Conversation.objects.raw(sql, values | {"deployment": deployment_id})


def _other_deployment(request: HttpRequest, deployment_id: UUID) -> str:
    """Where another of the operator's deployments was chosen: the same list there."""
    other = _id(request.GET.get("deployment", ""))
    if other is None or other == deployment_id:
        return ""
    deployment = own_deployment(request, other)
    return f"/deployments/{deployment.pk}/conversations/?{without(request.GET, 'deployment', 'after', 'before')}"


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
