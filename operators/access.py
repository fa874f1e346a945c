"""Who may do what, in one place: members by role in their own operators, reviewers, stewards."""

from collections.abc import Callable
from enum import StrEnum
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

Role = Membership.Role


class Action(StrEnum):
    """What a member may do in an operator."""

    READ = "read"
    """See everything but secrets, which nobody sees twice."""
    CHANGE = "change"
    """Deployments, keys, upstreams and webhooks."""
    MANAGE_MEMBERS = "manage members"
    """Invite, give roles, remove."""


MAY: dict[str, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.DEVELOPER: frozenset({Action.READ, Action.CHANGE}),
    Role.ANALYST: frozenset({Action.READ}),
}
"""The table that every check reads. A role that is not in it may do nothing."""


def roles_for(action: Action) -> frozenset[str]:
    return frozenset(role for role, actions in MAY.items() if action in actions)


CHANGE = roles_for(Action.CHANGE)
"""Roles that may change deployments and keys; analysts read."""


def may(account: Account, action: Action, operator: Operator) -> bool:
    """Asked of the database each time, so that a new role or a removal takes hold at once."""
    return operator.memberships.filter(account=account, role__in=roles_for(action)).exists()


def own_operator(request: HttpRequest, operator_id: UUID, action: Action = Action.READ) -> Operator:
    """One of the person's operators. Raises Http404 for any other, PermissionDenied for the role."""
    account = account_of(request)
    operator = get_object_or_404(Operator, memberships__account=account, pk=operator_id)
    if not may(account, action, operator):
        raise PermissionDenied(f"this role may not {action}")
    return operator


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
    return may(account, Action.CHANGE, operator)


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
