"""Who may do what, in one place: members by role in their own operators, reviewers, stewards."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django_htmx.http import HttpResponseClientRefresh

from operators.models import Account, Deployment, Membership, Operator, Upstream

View = Callable[..., HttpResponse]

CHANGE = frozenset({Membership.Role.OWNER, Membership.Role.DEVELOPER})
"""Roles that may change deployments and keys; analysts read."""


def account_of(request: HttpRequest) -> Account:
    """The person who is signed in. Views behind `login_required` only."""
    assert isinstance(request.user, Account)  # noqa: S101 - the decorators see to it
    return request.user


def deployments_of(account: Account) -> QuerySet[Deployment]:
    """What a person may see: the deployments of their own operators, nothing else."""
    return Deployment.objects.filter(operator__memberships__account=account).select_related("operator", "live")


def own_deployment(request: HttpRequest, deployment_id: UUID, *, change: bool = False) -> Deployment:
    """A deployment of one of the person's operators. Raises Http404 for any other, PermissionDenied for the role."""
    account = account_of(request)
    deployment = get_object_or_404(deployments_of(account), pk=deployment_id)
    if change and not may_change(account, deployment):
        raise PermissionDenied("analysts read; owners and developers change")
    return deployment


def may_change(account: Account, deployment: Deployment) -> bool:
    return may_change_for(account, deployment.operator)


def may_change_for(account: Account, operator: Operator) -> bool:
    return operator.memberships.filter(account=account, role__in=CHANGE).exists()


def signed_in(view: View) -> View:
    """As `login_required`, for pages of which a part asks for itself anew: it sends the whole page to sign in."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.htmx and not request.user.is_authenticated:  # type: ignore[attr-defined]
            return HttpResponseClientRefresh()
        return login_required(view)(request, *args, **kwargs)

    return checked


def operators_changed_by(account: Account) -> QuerySet[Operator]:
    """The operators that a person may change things of."""
    return Operator.objects.filter(memberships__account=account, memberships__role__in=CHANGE)


def own_upstream(request: HttpRequest, upstream_id: UUID) -> Upstream:
    """An upstream of one of the person's operators. Raises Http404 for any other, PermissionDenied for the role."""
    account = account_of(request)
    found = Upstream.objects.filter(operator__memberships__account=account).select_related("operator")
    upstream = get_object_or_404(found, pk=upstream_id)
    if upstream.operator not in operators_changed_by(account):
        raise PermissionDenied("owners and developers keep upstreams")
    return upstream


def reviewers_only(view: View) -> View:
    return _only(view, lambda account: account.is_reviewer or account.is_steward)


def stewards_only(view: View) -> View:
    return _only(view, lambda account: account.is_steward)


def _only(view: View, allowed: Callable[[Account], bool]) -> View:
    @login_required
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not allowed(account_of(request)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked
