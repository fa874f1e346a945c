"""Members of an operator in the console: who there is, who is invited, and what owners do about it."""

from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from operators.access import Action, account_of, may, own_operator, signed_in
from operators.members.forms import InviteForm, RoleForm
from operators.members.invitations import InvitationError, invite, send_again, token, withdraw
from operators.members.membership import LastOwnerError, change_role, remove
from operators.models import Account, Invitation, Membership, Operator

OWNERS_FIRST = Case(*(When(role=role, then=Value(place)) for place, role in enumerate(Membership.Role.values)))


@signed_in
def start(request: HttpRequest) -> HttpResponse:
    """The members of one's only operator, or which one."""
    operators = list(account_of(request).operators.order_by("name"))
    if len(operators) == 1:
        return redirect("members", operators[0].pk)
    return render(request, "members/start.html", {"operators": operators})


@signed_in
def members(request: HttpRequest, operator_id: UUID) -> HttpResponse:
    inviting = request.method == "POST"
    operator = own_operator(request, operator_id, Action.MANAGE_MEMBERS if inviting else Action.READ)
    form = InviteForm(request.POST or None)
    if inviting and form.is_valid():
        try:
            made = invite(operator, form.cleaned_data["email"], form.cleaned_data["role"], by=account_of(request))
        except InvitationError as error:
            form.add_error("email", str(error))
        else:
            _send(request, made)
            return redirect("members", operator.pk)
    return _page(request, operator, form)


@signed_in
@require_POST
def role(request: HttpRequest, operator_id: UUID, member_id: int) -> HttpResponse:
    operator = own_operator(request, operator_id, Action.MANAGE_MEMBERS)
    form = RoleForm(request.POST)
    member = get_object_or_404(operator.memberships.select_related("account"), pk=member_id)
    if not form.is_valid():
        messages.error(request, _("There is no such role."))
        return redirect("members", operator.pk)
    try:
        change_role(member, form.cleaned_data["role"], by=account_of(request))
    except LastOwnerError as error:
        messages.error(request, str(error))
    except Membership.DoesNotExist:
        messages.error(request, _("They are no longer a member."))
    else:
        messages.success(request, _("%(who)s: changed, from their next click on.") % {"who": member.account})
    return redirect("members", operator.pk)


@signed_in
@require_POST
def remove_member(request: HttpRequest, operator_id: UUID, member_id: int) -> HttpResponse:
    """Owners remove anybody; everybody may leave."""
    operator = own_operator(request, operator_id)
    account = account_of(request)
    member = get_object_or_404(operator.memberships.select_related("account"), pk=member_id)
    leaving = member.account_id == account.pk
    if not leaving and not may(account, Action.MANAGE_MEMBERS, operator):
        raise PermissionDenied("owners remove members")
    try:
        remove(member, by=account)
    except LastOwnerError as error:
        messages.error(request, str(error))
    except Membership.DoesNotExist:
        messages.info(request, _("They were removed already."))
    else:
        if leaving:
            messages.success(request, _("You are no longer a member of %(name)s.") % {"name": operator})
            return redirect("home")
        messages.success(request, _("%(who)s is removed.") % {"who": member.account})
    return redirect("members", operator.pk)


@signed_in
@require_POST
def resend(request: HttpRequest, operator_id: UUID, invitation_id: UUID) -> HttpResponse:
    operator, found = _invitation(request, operator_id, invitation_id)
    try:
        made = send_again(found, by=account_of(request))
    except InvitationError as error:
        messages.error(request, str(error))
    else:
        _send(request, made)
    return redirect("members", operator.pk)


@signed_in
@require_POST
def withdraw_invitation(request: HttpRequest, operator_id: UUID, invitation_id: UUID) -> HttpResponse:
    operator, found = _invitation(request, operator_id, invitation_id)
    try:
        withdraw(found, by=account_of(request))
    except InvitationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The invitation is withdrawn; its link leads nowhere."))
    return redirect("members", operator.pk)


def _page(request: HttpRequest, operator: Operator, form: InviteForm) -> HttpResponse:
    account: Account = account_of(request)
    listed = operator.memberships.select_related("account").order_by(OWNERS_FIRST, "account__email")
    pending = operator.invitations.filter(state=Invitation.State.PENDING).select_related("invited_by")
    context = {
        "operator": operator,
        "members": listed,
        "invitations": pending.order_by("-created_at"),
        "roles": Membership.Role.choices,
        "may_manage": may(account, Action.MANAGE_MEMBERS, operator),
        "form": form,
    }
    return render(request, "members/list.html", context)


def _invitation(request: HttpRequest, operator_id: UUID, invitation_id: UUID) -> tuple[Operator, Invitation]:
    operator = own_operator(request, operator_id, Action.MANAGE_MEMBERS)
    return operator, get_object_or_404(operator.invitations, pk=invitation_id)


def _send(request: HttpRequest, invitation: Invitation) -> None:
    """After the commit: a mail server that is slow or away holds no row and undoes nothing."""
    link = request.build_absolute_uri(reverse("invitation", args=[token(invitation)]))
    context = {"invitation": invitation, "link": link, "inviter": account_of(request)}
    get_adapter().send_mail("members/email/invitation", invitation.email, context)
    messages.success(request, _("Invited: a mail is on its way to %(email)s.") % {"email": invitation.email})
