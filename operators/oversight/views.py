"""Stewards: what is in force and who put it there, and each act on a page of its own."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.log.receipts import lag
from audit.oversight.models import CharterProposal, ForcedReview, Pause
from audit.oversight.pauses import force_review, lift, place, release
from charter import in_force
from operators.access import account_of, stewards_only
from operators.oversight import history, subjects
from operators.oversight.acts import Act, ReasonForm, act_of_stewards, page

PAGE = 30


class PauseForm(ReasonForm):
    subject = forms.ChoiceField(label=gettext_lazy("What"))

    field_order = ["subject", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].choices = subjects.choices()  # type: ignore[attr-defined]
        self.fields["reason"].help_text = _(
            "The callers who are turned away read this, and it stands in the audit log."
        )


class ReviewForm(ReasonForm):
    deployment = forms.ChoiceField(label=gettext_lazy("Deployment"))

    field_order = ["deployment", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deployment"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose a deployment")),
            *subjects.deployments(),
        ]


@stewards_only
def oversight(request: HttpRequest) -> HttpResponse:
    pauses = list(Pause.objects.filter(lifted_at=None).select_related("placed_by"))
    reviews = list(ForcedReview.objects.filter(lifted_at=None).select_related("placed_by"))
    names = subjects.names(
        [(pause.subject_type, pause.subject_id) for pause in pauses]
        + [("deployment", str(forced.deployment_id)) for forced in reviews]
    )
    context = {
        "pauses": [(pause, names[pause.subject_type, pause.subject_id]) for pause in pauses],
        "reviews": [(forced, names["deployment", str(forced.deployment_id)]) for forced in reviews],
        "proposals": CharterProposal.objects.filter(state__in=["replaying", "ready"]).select_related("proposed_by"),
        "charter": in_force(),
        "lag": lag(),
        "past": history.read(history.acts()[:10]),
    }
    return render(request, "oversight/oversight.html", context)


@stewards_only
def whole_history(request: HttpRequest) -> HttpResponse:
    shown = Paginator(history.acts(), PAGE).get_page(request.GET.get("page"))
    return render(request, "oversight/history.html", {"page": shown, "past": history.read(shown.object_list)})


@act_of_stewards
def pause(request: HttpRequest) -> HttpResponse:
    def chosen(data: dict[str, Any]) -> subjects.Found:
        kind, _colon, subject = data["subject"].partition(":")
        return subjects.find(kind, subject)

    def do(data: dict[str, Any]) -> str:
        found = chosen(data)
        place(found.kind, found.id, reason=data["reason"], by=account_of(request), within=found.within)
        return _("Paused: %(what)s. It takes hold within a second.") % {"what": found.name}

    def told(data: dict[str, Any]) -> list[str]:
        found = chosen(data)
        return [_("You pause %(what)s.") % {"what": found.name}, *subjects.consequences(found)]

    act = Act(_("Pause"), _("Pause now"), told, do, reverse("oversight"))
    return page(request, act, PauseForm)


@act_of_stewards
def lift_pause(request: HttpRequest, pause_id: UUID) -> HttpResponse:
    held = get_object_or_404(Pause, pk=pause_id)
    key = held.subject_type, held.subject_id
    name = subjects.names([key])[key] or _("the whole platform")

    def do(data: dict[str, Any]) -> str:
        lift(held, by=account_of(request), reason=data["reason"], within=subjects.within(*key))
        return _("Lifted: %(what)s. It takes hold within a second.") % {"what": name}

    told = [_("%(what)s is no longer paused. It was, because: %(why)s") % {"what": name, "why": held.reason}]
    act = Act(
        _("Lift the pause of %(what)s") % {"what": name}, _("Lift it"), lambda _data: told, do, reverse("oversight")
    )
    return page(request, act)


@act_of_stewards
def review(request: HttpRequest) -> HttpResponse:
    def do(data: dict[str, Any]) -> str:
        found = subjects.find("deployment", data["deployment"])
        force_review(UUID(found.id), reason=data["reason"], by=account_of(request), within=found.within)
        return _("Every turn of %(what)s is reviewed from now on.") % {"what": found.name}

    def told(data: dict[str, Any]) -> list[str]:
        found = subjects.find("deployment", data["deployment"])
        return [
            _("Every turn of %(what)s is flagged, and each of its conversations becomes a case.")
            % {"what": found.name},
            _("It goes on answering. Its members see that it is reviewed, and your reason."),
        ]

    act = Act(_("Review every turn"), _("Review every turn"), told, do, reverse("oversight"))
    return page(request, act, ReviewForm)


@act_of_stewards
def release_review(request: HttpRequest, review_id: UUID) -> HttpResponse:
    held = get_object_or_404(ForcedReview, pk=review_id)
    key = "deployment", str(held.deployment_id)
    name = subjects.names([key])[key]

    def do(data: dict[str, Any]) -> str:
        release(held, by=account_of(request), reason=data["reason"], within=subjects.within(*key))
        return _("Turns of %(what)s are reviewed as any others.") % {"what": name}

    told = [
        _("Turns of %(what)s are no longer all flagged. They were, because: %(why)s")
        % {"what": name, "why": held.reason}
    ]
    act = Act(_("End the review of every turn"), _("End it"), lambda _data: told, do, reverse("oversight"))
    return page(request, act)
