"""The playground: members talk to the draft, and to what is live beside it, and see why each answer is as it is.

Whoever may change a deployment may try it, since that costs; whoever may read it sees what was tried.
"""

import asyncio
from functools import partial
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from charter import ConfigurationError, load_charter, parse_configuration
from conversations.errors import ApiError
from conversations.playground import reading
from conversations.playground.asking import Question, begun, usual_model
from conversations.playground.forms import DRAFT, LIVE, AskForm
from conversations.playground.streaming import events
from conversations.turn import answer_plainly
from operators.access import account_of, may_change, own_deployment
from operators.catalogue import catalogue_now
from operators.drafting import Edit
from operators.models import Deployment
from operators.scope_forms import ScopeForm
from operators.starting_points import BLANK, STARTING_POINTS
from operators.trying import Tried, tried
from operators.views.shape import keep, scope_context

PAGES = {"playground": "playground", "first-try": "first-try"}
"""Where a question may come from, and its answer is shown without a script: a page's name, by what the form says."""
BESIDE = "settings-form"
"""The id of the form that stands beside the playground in the first run."""


@login_required
@require_safe
def playground(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id)
    return page(request, deployment, "operators/playground.html", {"section": "playground"})


def page(
    request: HttpRequest,
    deployment: Deployment,
    template: str,
    more: dict[str, Any],
    *,
    form: AskForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """A page that holds the playground (templates/playground/box.html)."""
    return render(request, template, _context(request, deployment, form, more.get("beside", "")) | more, status=status)


def _context(request: HttpRequest, deployment: Deployment, form: AskForm | None, beside: str) -> dict[str, Any]:
    account = account_of(request)
    own = reading.own(deployment, account)
    said = form.data if form else request.GET
    going_on = {side: own.filter(pk=named).first() for side in (DRAFT, LIVE) if (named := _uuid(said.get(side, "")))}
    form = form or AskForm(may_compare=deployment.live is not None, beside=beside)
    offers = catalogue_now().offers(deployment.operator_id, deployment.model_names, deployment.model_aliases)
    shown = {side: reading.turns_of(conversation) for side, conversation in going_on.items() if conversation}
    return {
        "deployment": deployment,
        "may_change": may_change(account, deployment),
        "ask_form": form,
        "draft_trials": shown.get(DRAFT, []),
        "live_trials": shown.get(LIVE, []),
        "compare": bool(shown.get(LIVE)) or bool(said.get("compare")),
        "going_on": {side: str(one.pk) for side, one in going_on.items() if one},
        "earlier": list(own[: reading.KEPT]),
        "models": list(offers.listed),
        "usual_model": usual_model(offers),
        "draft_problems": _problems(deployment),
    }


def _problems(deployment: Deployment) -> list[Any]:
    """What the charter in force does not allow of the draft: it may have been saved under an earlier one."""
    try:
        parse_configuration(load_charter(), deployment.draft)
    except ConfigurationError as error:
        return error.problems
    return []


@login_required
@require_POST
def ask(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    """One message. A script asks each side by itself and reads a stream; without one, both answer before the page.

    Turns run in the process's own loop, where their services live; this view waits for it in a thread of the pages.
    """
    streaming = request.headers.get("accept") == "text/event-stream"
    deployment, form, sides = _read(request, deployment_id)
    if not streaming and "base" in request.POST and (again := _kept(request, deployment, form)):
        return again
    if not form.is_valid() or not sides:
        if not streaming:
            return _page_again(request, deployment, form, 400)
        problems = form.errors.get("say", [_("This cannot be asked.")])
        return JsonResponse({"message": " ".join(problems)}, status=400)
    if streaming:
        side, what = sides[0]
        return _streamed(request, deployment, what, _question(form, side, stream=True))
    came = async_to_sync(_both)([(what, _question(form, side, stream=False)) for side, what in sides])
    return _plainly(request, deployment, form, [side for side, _what in sides], came)


def _read(request: HttpRequest, deployment_id: UUID) -> tuple[Deployment, AskForm, list[tuple[str, Tried]]]:
    """Raises Http404, or PermissionDenied for the role."""
    deployment = own_deployment(request, deployment_id, change=True)
    beside = BESIDE if request.POST.get("page") == "first-try" else ""
    form = AskForm(request.POST, may_compare=deployment.live is not None, beside=beside)
    account = account_of(request)
    sides = form.sides() if form.is_valid() else []
    return deployment, form, [(side, tried(deployment, account, live=side == LIVE)) for side in sides]


def _kept(request: HttpRequest, deployment: Deployment, form: AskForm) -> HttpResponse | None:
    """The form beside is sent along where no script saves it first. The page, where it could not be saved."""
    edit = Edit(request, deployment)
    settings = ScopeForm(edit.base, request.POST)
    if settings.is_valid():
        settings.add_problems(keep(request, edit, settings.to_settings(edit.base)))
    if not settings.has_errors and not edit.conflicts:
        return None
    if edit.conflicts:
        settings = ScopeForm(edit.settings)
    return _page_again(request, deployment, form, 400, beside=(settings, edit))


def _question(form: AskForm, side: str, *, stream: bool) -> Question:
    said = form.cleaned_data
    return Question(said["say"], stream, form.conversation(side), form.wished(), said["model"])


def _streamed(request: HttpRequest, deployment: Deployment, what: Tried, question: Question) -> HttpResponseBase:
    try:
        turn = async_to_sync(begun)(what, question, f"req_{token_hex(12)}")
    except ApiError as error:
        return JsonResponse({"message": error.message}, status=error.status)
    shown = sync_to_async(partial(_shown, request, deployment))
    told = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingHttpResponse(events(turn, shown), content_type="text/event-stream; charset=utf-8", headers=told)


def _shown(request: HttpRequest, deployment: Deployment, turn_id: UUID) -> str:
    trial = reading.one(deployment, turn_id)
    context = {"trial": trial, "deployment": deployment}
    return render_to_string("playground/trial.html", context, request) if trial else ""


async def _both(asked: list[tuple[Tried, Question]]) -> list[str | BaseException]:
    return await asyncio.gather(*(_answered(*one) for one in asked), return_exceptions=True)


async def _answered(what: Tried, question: Question) -> str:
    """The conversation that it belongs to. Raises ApiError."""
    turn = await begun(what, question, f"req_{token_hex(12)}")
    await answer_plainly(turn)
    return str(turn.place.conversation_id)


def _plainly(
    request: HttpRequest, deployment: Deployment, form: AskForm, sides: list[str], came: list[str | BaseException]
) -> HttpResponse:
    """came: the conversation of each side, or what went wrong there: that is shown, and what was typed stays."""
    query = {side: str(form.conversation(side)) for side in (DRAFT, LIVE) if form.conversation(side)}
    failed = None
    for side, found in zip(sides, came, strict=True):
        if isinstance(found, ApiError):
            form.add_error("say", found.message)
            failed = found
        elif isinstance(found, BaseException):
            raise found
        else:
            query[side] = found
    if failed is not None:
        return _page_again(request, deployment, form, failed.status)
    if form.cleaned_data["compare"]:
        query["compare"] = "on"
    return redirect(f"{_address(request, deployment)}?{urlencode(query)}#{DRAFT}")


def _page_again(
    request: HttpRequest,
    deployment: Deployment,
    form: AskForm,
    status: int,
    *,
    beside: tuple[ScopeForm, Edit] | None = None,
) -> HttpResponse:
    messages.error(request, _("Not answered: please look at what is marked."))
    if request.POST.get("page") == "first-try":
        edit = Edit(request, deployment)
        more = first_try_context(*(beside or (ScopeForm(edit.base), edit)))
        return page(request, deployment, "operators/first_try.html", more, form=form, status=status)
    return page(request, deployment, "operators/playground.html", {"section": "playground"}, form=form, status=status)


def first_try_context(settings: ScopeForm, edit: Edit, point: str = "") -> dict[str, Any]:
    """What templates/operators/first_try.html needs beside the playground. point: the starting point, if known."""
    tries = STARTING_POINTS.get(point, BLANK).tries
    return scope_context(settings, edit) | {"step": "try", "tries": tries, "beside": BESIDE}


def _address(request: HttpRequest, deployment: Deployment) -> str:
    name = PAGES.get(request.POST.get("page", ""), "playground")
    return str(redirect(name, deployment.pk)["Location"])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
