"""What is published, what will be, and what could be: the versions of a deployment, its draft, its schedule."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from charter import ConfigurationError
from config.zones import zone_of
from operators.access import account_of, may_change, own_deployment
from operators.differences import between_settings
from operators.forms import PublishForm
from operators.models import Deployment, ScheduledPublication
from operators.moment_fields import MomentField
from operators.publishing import StaleDraftError, has_edits, live_number, settings_digest
from operators.scheduling import ScheduleError, cancel, schedule

PAGE = 30


class ScheduleForm(PublishForm):
    at = MomentField(
        label=gettext_lazy("When"),
        help_text=gettext_lazy("The draft as it is now is published then; what is edited later is not."),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="schedule-%s", **kwargs)
        self.fields["at"].read_in(zone)  # type: ignore[attr-defined]


@login_required
def versions(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    return _page(request, own_deployment(request, deployment_id))


@login_required
@require_POST
def schedule_draft(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """The draft that was looked at, at the time that was typed; errors stand beside the form, which keeps its input."""
    deployment = own_deployment(request, deployment_id, change=True)
    form = ScheduleForm(request.POST, zone=zone_of(request))
    if form.is_valid():
        said = form.cleaned_data
        try:
            check_looked_at(deployment, said["draft"])
            schedule(deployment, said["at"], by=account_of(request), note=said["note"], over=said["over"])
        except ConfigurationError as error:
            for problem in error.problems:
                form.add_error(None, str(problem))
        except StaleDraftError as error:
            form.add_error(None, _("Not scheduled: %(why)s. This is how it is now.") % {"why": error})
        except ScheduleError as error:
            form.add_error("at", str(error))
        else:
            messages.success(request, _("Scheduled. Until then it can be canceled here."))
            return redirect("deployment-versions", deployment.pk)
    return _page(request, deployment, form)


@login_required
@require_POST
def unschedule(request: HttpRequest, deployment_id: UUID, publication_id: int) -> HttpResponse:
    deployment = own_deployment(request, deployment_id, change=True)
    scheduled = get_object_or_404(deployment.scheduled, pk=min(publication_id, 2**63 - 1))
    if cancel(scheduled, by=account_of(request)):
        messages.success(request, _("Canceled: nothing is published then."))
    else:
        messages.error(request, _("Too late: it was published, refused or canceled meanwhile."))
    return redirect("deployment-versions", deployment.pk)


def check_looked_at(deployment: Deployment, digest: str) -> None:
    """Raises StaleDraftError where the draft is not the one whose digest a page was made with; "" is any."""
    if digest and digest != settings_digest(deployment.draft):
        raise StaleDraftError(_("the draft was changed meanwhile"), live_number(deployment))


def publish_initial(deployment: Deployment) -> dict[str, Any]:
    """What a form that publishes says its person looked at."""
    return {"over": live_number(deployment), "draft": settings_digest(deployment.draft)}


def _page(request: HttpRequest, deployment: Deployment, form: ScheduleForm | None = None) -> HttpResponse:
    before = request.GET.get("before", "")
    listed = deployment.configurations.select_related("published_by", "published_with")
    if before.isdecimal() and len(before) < 10:
        listed = listed.filter(number__lt=int(before))
    page = list(listed[: PAGE + 1])
    newest = deployment.scheduled.select_related("scheduled_by", "canceled_by").order_by("-id").first()
    context = {
        "deployment": deployment,
        "section": "versions",
        "may_change": may_change(account_of(request), deployment),
        "versions": page[:PAGE],
        "next": page[PAGE - 1].number if len(page) > PAGE else "",
        "unpublished": deployment.live is None or has_edits(deployment),
        "differences": between_settings(deployment.live.settings if deployment.live else {}, deployment.draft),
        "publish_form": PublishForm(initial=publish_initial(deployment)),
        "schedule_form": _fresh(form, request, deployment),
        **_scheduled(deployment, newest),
    }
    return render(request, "operators/versions.html", context)


def _fresh(form: ScheduleForm | None, request: HttpRequest, deployment: Deployment) -> ScheduleForm:
    """The form as it was sent, but for what it says was looked at: that is what the page shows now."""
    if form is None:
        return ScheduleForm(initial=publish_initial(deployment), zone=zone_of(request))
    form.data = form.data.copy()
    form.data.update({name: str(value) for name, value in publish_initial(deployment).items()})
    return form


def _scheduled(deployment: Deployment, newest: ScheduledPublication | None) -> dict[str, Any]:
    """What waits, with what has become of its premises; or the newest one that was not published."""
    if newest is None or newest.made_id or newest.canceled_at:
        return {"scheduled": None}
    live = deployment.live.settings if deployment.live else {}
    return {
        "scheduled": newest,
        "scheduled_differences": between_settings(live, newest.settings),
        "overtaken": newest.waiting and newest.over != live_number(deployment),
        "draft_moved": newest.waiting and newest.digest != settings_digest(deployment.draft),
    }
