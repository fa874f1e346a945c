"""One published version, and how it differs from another."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from operators.access import account_of, may_change, own_deployment
from operators.differences import between_settings

OFFERED = 100
"""The newest versions that a version can be compared with on the page."""


@login_required
def version(request: HttpRequest, deployment_id: UUID, number: int) -> HttpResponse:
    """Compared with the version before it, or with the one that `from` names; `draft` is the draft."""
    deployment = own_deployment(request, deployment_id)
    versions = deployment.configurations.select_related("published_by", "published_with")
    shown = get_object_or_404(versions, number=min(number, 2**31 - 1))
    wanted = request.GET.get("from", "")
    earlier = versions.filter(number__lt=shown.number).first()
    if wanted == "draft":
        before, against = deployment.draft, _("the draft")
    else:
        chosen = versions.filter(number=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 10 else None
        other = chosen or earlier
        before = other.settings if other else {}
        against = _("version %(n)s") % {"n": other.number} if other else _("an empty one")
    context = {
        "deployment": deployment,
        "section": "versions",
        "may_change": may_change(account_of(request), deployment),
        "version": shown,
        "against": against,
        "wanted": wanted,
        "others": versions.exclude(number=shown.number).values_list("number", flat=True)[:OFFERED],
        "differences": between_settings(before, shown.settings),
    }
    return render(request, "operators/version.html", context)
