"""Replay before publishing: start one for the draft, watch it, read what would come out otherwise."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_POST, require_safe

from charter import ConfigurationError
from conversations.models import Replay, ReplayedTurn, Turn
from conversations.pages.transcript import plain
from conversations.redeciding.replays import PERIODS, SIZES, ReplayRunsError, cancel, is_stale, start
from operators.access import account_of, may_change, own_deployment, signed_in
from operators.differences import Difference, between_settings
from operators.models import Deployment

PAGE = 30
LISTED = 10
EXCERPT = 160
"""Characters of what a user said that stand in the list."""
OUTCOMES = ("answer", "redirect", "decline", "end")
EVERYTHING = "all"


class ReplayForm(forms.Form):
    size = forms.TypedChoiceField(
        label=gettext_lazy("How many turns"),
        choices=[(n, ngettext_lazy("%(n)d turn", "%(n)d turns", n) % {"n": n}) for n in SIZES],
        coerce=int,
        initial=SIZES[1],
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("From which time"),
        choices=[
            (days, ngettext_lazy("the last day", "the last %(n)d days", days) % {"n": days})
            if days
            else (0, gettext_lazy("any time"))
            for days in PERIODS
        ],
        coerce=int,
        initial=PERIODS[1],
    )


@dataclass(frozen=True)
class ReadChange:
    """A changed turn with the beginning of what was said in it; "" where that is not kept any more."""

    one: ReplayedTurn
    said: str


@signed_in
def replays(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """The replays there were, and the start of one for the draft as it is now."""
    deployment = own_deployment(request, deployment_id, change=request.method == "POST")
    form = ReplayForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = start(deployment, **form.cleaned_data, by=account_of(request))
        except ConfigurationError as error:
            for problem in error.problems:
                form.add_error(None, str(problem))
        except ReplayRunsError:
            form.add_error(None, _("A replay is running. Cancel it, or wait for its end."))
        else:
            return redirect("replay", deployment.pk, made.pk)
    listed = list(deployment.replays.defer("sample", "settings").select_related("started_by").order_by("-id")[:LISTED])
    context = _context(request, deployment) | {"replays": listed, "form": form, "draft_differences": _draft(deployment)}
    return render(request, "conversations/replays/list.html", context)


@signed_in
@require_safe
def replay(request: HttpRequest, deployment_id: UUID, replay_id: int) -> HttpResponse:
    """One replay; htmx asks for its progress and results alone."""
    deployment = own_deployment(request, deployment_id)
    shown = _own(deployment, replay_id)
    context = _context(request, deployment) | _results(request, shown)
    context |= {"replay": shown, "stale": is_stale(shown, deployment)}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "conversations/replays/results.html", context)
    live = deployment.live.settings if deployment.live else {}
    context["differences"] = between_settings(live, shown.settings)
    return render(request, "conversations/replays/one.html", context)


@signed_in
@require_POST
def cancel_replay(request: HttpRequest, deployment_id: UUID, replay_id: int) -> HttpResponse:
    deployment = own_deployment(request, deployment_id, change=True)
    shown = _own(deployment, replay_id)
    cancel(shown, by=account_of(request))
    messages.success(request, _("Canceled. What it found so far stays here."))
    return redirect("replay", deployment.pk, shown.pk)


def _own(deployment: Deployment, replay_id: int) -> Replay:
    found = deployment.replays.select_related("started_by")
    return get_object_or_404(found, pk=min(replay_id, 2**63 - 1))


def _draft(deployment: Deployment) -> list[Difference]:
    return between_settings(deployment.live.settings if deployment.live else {}, deployment.draft)


def _context(request: HttpRequest, deployment: Deployment) -> dict[str, Any]:
    return {
        "deployment": deployment,
        "section": "versions",
        "may_change": may_change(account_of(request), deployment),
    }


def _results(request: HttpRequest, shown: Replay) -> dict[str, Any]:
    """The changed turns that are asked for, by keyset; a replay holds a thousand at most."""
    kind, became = request.GET.get("change", ReplayedTurn.Change.OUTCOME), request.GET.get("became", "")
    found: QuerySet[ReplayedTurn] = shown.turns.select_related("turn__data_key").order_by("id")
    counted = dict(shown.turns.values_list("change").annotate(Count("pk")).order_by())
    if kind in ReplayedTurn.Change.values:
        found = found.filter(change=kind)
    else:
        kind = EVERYTHING
    if became in OUTCOMES:
        found = found.filter(after__outcome=became)
    after = request.GET.get("after", "")
    page = list(found.filter(pk__gt=int(after) if after.isdecimal() and len(after) < 19 else 0)[: PAGE + 1])
    return {
        "changes": [ReadChange(one, _said(one.turn)) for one in page[:PAGE]],
        "next": page[PAGE - 1].pk if len(page) > PAGE else "",
        "kinds": [(value, label, counted.get(value, 0)) for value, label in ReplayedTurn.Change.choices],
        "kind": kind,
        "became": became if became in OUTCOMES else "",
        "outcomes": OUTCOMES,
        "moves": _moves(shown),
        "asked": request.GET.urlencode(),
    }


def _moves(shown: Replay) -> list[tuple[str, str, int]]:
    """(outcome as it was, outcome as it would be, how many), the most frequent first."""
    outcomes = shown.turns.filter(change=ReplayedTurn.Change.OUTCOME).values_list("before__outcome", "after__outcome")
    return sorted(outcomes.annotate(Count("pk")).order_by(), key=lambda move: (-move[2], move[0], move[1]))


def _said(turn: Turn) -> str:
    """The beginning of the user's last message. Read from the turn each time: what is erased is gone from here too."""
    messages_of_user = [one for one in turn.content["messages"] if one["role"] == "user"]
    text = plain(messages_of_user[-1].get("content") or "") if messages_of_user else ""
    return Truncator(" ".join(text.split())).chars(EXCERPT)
