"""Forms of the operator console; each turns what people type into the settings that the charter checks, and back."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from config.zones import UTC
from operators.catalogue import Offers
from operators.deployment_models import Models
from operators.keys import LONGEST_OVERLAP, USUAL_OVERLAP, check_expiry
from operators.models.deployments import Scope, usual_scopes
from operators.moment_fields import MomentField
from operators.texts import is_one_line


class PublishForm(forms.Form):
    note = forms.CharField(label=_("What changed?"), max_length=500, required=False)
    over = forms.IntegerField(widget=forms.HiddenInput)
    draft = forms.CharField(widget=forms.HiddenInput, required=False)
    """The digest of the draft that was looked at."""


class KeyForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Where the key will live, e.g. web backend."))
    scopes = forms.MultipleChoiceField(
        label=_("What it opens"),
        choices=Scope,
        initial=usual_scopes,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    expires_at = MomentField(
        label=_("Expires at"),
        help_text=_("Leave empty for a key that stays until it is revoked."),
        required=False,
    )

    def __init__(self, *args: Any, zone: ZoneInfo = UTC, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expires_at"].read_in(zone)  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not is_one_line(name):
            raise forms.ValidationError(_("One line of plain characters."))
        return name

    def clean_expires_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["expires_at"]
        try:
            check_expiry(at)
        except ValueError:
            raise forms.ValidationError(_("It must be in the future, and within ten years.")) from None
        return at


class RotateForm(forms.Form):
    overlap_hours = forms.IntegerField(
        label=_("Hours that the old key stays"),
        help_text=_("Long enough to bring the new one to every place that uses it; 0 ends the old one at once."),
        min_value=0,
        max_value=LONGEST_OVERLAP // timedelta(hours=1),
        initial=USUAL_OVERLAP // timedelta(hours=1),
    )


class ModelsForm(forms.Form):
    """Which models a deployment may use; none chosen is every one. Its own names stand one a line: `fast = model`."""

    allowed = forms.MultipleChoiceField(
        label=_("Models it may use"),
        help_text=_("None chosen: every model that its operator can reach."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    aliases = forms.CharField(
        label=_("Its own names for models"),
        help_text=_("One a line: the name that the app asks for, then the model. fast = claude-haiku-4-5"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=40_000,
        required=False,
    )

    def __init__(self, *args: Any, reach: Offers, current: Models, **kwargs: Any) -> None:
        lines = "\n".join(f"{alias} = {name}" for alias, name in current.aliases.items())
        super().__init__(*args, initial={"allowed": current.allowed, "aliases": lines}, **kwargs)
        names = dict.fromkeys([*reach.listed, *current.allowed])
        self.fields["allowed"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def to_json(self) -> dict[str, Any]:
        """As `parse_models` takes it."""
        pairs = [line.partition("=") for line in self.cleaned_data["aliases"].splitlines() if line.strip()]
        aliases = {alias.strip(): name.strip() for alias, _equals, name in pairs}
        return {"allowed": self.cleaned_data["allowed"], "aliases": aliases}

    def add_problems(self, problems: list[Any]) -> None:
        for problem in problems:
            part = problem.path.split(".")[1].split("[")[0]
            self.add_error(part, f"{problem.path.removeprefix('models.aliases.')}: {problem.message}")
