"""Forms of accounts: allauth's, in our words, and sign-up, which makes an operator or joins one."""

from typing import Any

from allauth.account.forms import (
    AddEmailForm,
    LoginForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SignupForm,
)
from allauth.account.forms import (
    ChangePasswordForm as AllauthChangePasswordForm,
)
from allauth.core import context
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from operators.accounts.signing_up import open_account
from operators.members.invitations import forget, pending_in
from operators.models import Account
from operators.texts import is_one_line

PASSWORD_HINT = _("At least 10 characters, not a common password, not only digits, not like your address.")


def one_line(text: str) -> None:
    """Raises ValidationError for control characters and the like."""
    if not is_one_line(text):
        raise ValidationError(_("Please write this on one line, without control characters."))


def _in_our_words(fields: dict[str, forms.Field], **labels: Any) -> None:
    """Labels stand above fields; a placeholder that repeats them would only be faint."""
    for field in fields.values():
        field.widget.attrs.pop("placeholder", None)
    for name, label in labels.items():
        fields[name].label = label


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self.fields, login=_("E-mail address"), password=_("Password"))
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"


class SignUpForm(SignupForm):
    """Asks for the organisation, unless an invitation that was opened in this session names it."""

    field_order = ["name", "email", "password1", "organisation"]

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        validators=[one_line],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    organisation = forms.CharField(
        label=_("Organisation"),
        max_length=120,
        validators=[one_line],
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        help_text=_("The operator whose apps you will set up. You become its owner and may invite others."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self.fields, email=_("E-mail address"), password1=_("Password"))
        self.fields["password1"].help_text = PASSWORD_HINT
        self.invitation = pending_in(context.request)
        if self.invitation:
            del self.fields["organisation"]
            self.fields["email"].initial = self.invitation.email
            self.fields["email"].disabled = True
            self.fields["email"].help_text = _("The address the invitation was sent to.")

    def try_save(self, request: HttpRequest) -> Any:
        """As long for an address that has an account as for a new one: how long it takes must not tell them apart."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def save(self, request: HttpRequest) -> Account:
        """The account with its operator or membership, in one transaction."""
        with transaction.atomic():
            account: Account = super().save(request)
            open_account(account, self.cleaned_data.get("organisation", ""), self.invitation)
        forget(request)
        return account

    def custom_signup(self, request: HttpRequest, user: Account) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        super().custom_signup(request, user)


class ResetForm(ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self.fields, email=_("E-mail address"))


class NewPasswordForm(ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self.fields, password1=_("New password"), password2=_("New password again"))
        self.fields["password1"].help_text = PASSWORD_HINT


class ChangePasswordForm(AllauthChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(
            self.fields,
            oldpassword=_("Password now"),
            password1=_("New password"),
            password2=_("New password again"),
        )
        self.fields["password1"].help_text = PASSWORD_HINT


class NewAddressForm(AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self.fields, email=_("New e-mail address"))


class PasskeyForm(AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        alone = self.fields["passwordless"]
        alone.label, alone.initial = _("Sign in with it alone, without a password"), True
        alone.help_text = _(
            "Your device then asks for your finger, face or PIN. Without this it is asked for after the password."
        )
