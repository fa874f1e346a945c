"""Taking the filtered conversations along, as a file that is made while it is taken."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.log.writer import new_id
from conversations.exporting import export
from conversations.exports import is_busy
from conversations.models import Export
from conversations.pages.filters import FilterForm, without
from operators.access import account_of, may_change, own_deployment

KINDS = {Export.Form.JSONL: "application/x-jsonl", Export.Form.CSV: "text/csv"}


@login_required
@require_POST
def export_conversations(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    """What was said only to those who may change the deployment; analysts read it on the pages."""
    deployment = own_deployment(request, deployment_id)
    account = account_of(request)
    filters, form = FilterForm(request.GET), request.POST.get("form", "")
    back = f"{reverse('conversations', args=[deployment.pk])}?{without(request.GET)}"
    if form not in Export.Form.values or not filters.is_valid():
        messages.error(request, _("Not exported: the filter, or the kind of file, cannot be."))
        return redirect(back)
    if is_busy(deployment.pk):
        messages.error(request, _("Not exported: others are under way. Try again when they are done."))
        return redirect(back)
    made = Export.objects.create(
        id=new_id(),
        deployment=deployment,
        account=account,
        form=form,
        content=request.POST.get("content") == "1" and may_change(account, deployment),
        filter=filters.told(),
    )
    response = StreamingHttpResponse(
        export(made, filters.chosen()), content_type=f"{KINDS[Export.Form(form)]}; charset=utf-8"
    )
    name = f"conversations-{timezone.now():%Y%m%d-%H%M%S}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
