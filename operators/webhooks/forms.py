"""Forms of the webhook pages."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from operators.models import EventType, Operator, Webhook

FIELDS = {"deployment_ids": "deployments"}
"""The model's field, and the form's."""


class WebhookForm(forms.Form):
    """`fields_for_webhook()` after validation are the arguments of `create_webhook` and `change_webhook`."""

    url = forms.CharField(
        label=_("Address"),
        max_length=1000,
        help_text=_("Where your server receives a POST, e.g. https://hooks.example.com/plumbline"),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    description = forms.CharField(
        label=_("Description"), max_length=200, required=False, help_text=_("What it is for, for your colleagues.")
    )
    types = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(one.value, format_lazy("{}: {}", one.value, one.label)) for one in EventType],
        widget=forms.CheckboxSelectMultiple,
    )
    deployments = forms.MultipleChoiceField(
        label=_("Deployments"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none to hear of all of them, later ones included."),
    )

    def __init__(self, *args: Any, operator: Operator, webhook: Webhook | None = None, **kwargs: Any) -> None:
        if webhook is not None:
            kwargs["initial"] = {
                "url": webhook.url,
                "description": webhook.description,
                "types": webhook.types,
                "deployments": webhook.deployment_ids,
            }
        super().__init__(*args, **kwargs)
        deployments = operator.deployments.order_by("name")
        self.fields["deployments"].choices = [(str(one.pk), one.name) for one in deployments]  # type: ignore[attr-defined]

    def fields_for_webhook(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {**{name: said[name] for name in ("url", "description", "types")}, "deployment_ids": said["deployments"]}

    def add_problems(self, error: ValidationError) -> None:
        """What the webhook itself objects to, beside the field it is about."""
        problems = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        for name, messages in problems.items():
            field = FIELDS.get(name, name)
            self.add_error(field if field in self.fields else None, messages)


class RotateForm(forms.Form):
    """How long the old secret signs beside the new one."""

    overlap = forms.TypedChoiceField(
        label=_("The old one stays valid"),
        coerce=int,
        initial=24,
        choices=[
            (0, _("not at all: it leaked")),
            (1, _("for an hour")),
            (24, _("for a day")),
            (72, _("for three days")),
        ],
    )


class ReplayForm(forms.Form):
    since = forms.DateTimeField(
        label=_("Since (UTC)"), widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )

    @classmethod
    def of_the_last_day(cls) -> "ReplayForm":
        return cls(initial={"since": timezone.now() - timedelta(days=1)})
