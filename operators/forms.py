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


def topics_to_text(topics: list[dict[str, Any]]) -> str:
    return "\n".join(
        topic["name"] + (": " + "; ".join(topic["examples"]) if topic.get("examples") else "") for topic in topics
    )


def text_to_topics(text: str) -> list[dict[str, Any]]:
    """One topic a line: `name: an example; another`."""
    topics = []
    for line in text.splitlines():
        name, _colon, examples = line.partition(":")
        if name.strip():
            said = [example.strip() for example in examples.split(";") if example.strip()]
            topics.append({"name": name.strip(), "examples": said})
    return topics


class ScopeForm(forms.Form):
    """What a deployment is for and how it speaks."""

    description = forms.CharField(
        label=_("What is this deployment for?"),
        help_text=_("One or two sentences, as you would tell a new colleague."),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
    )
    allowed = forms.CharField(
        label=_("Topics it helps with"),
        help_text=_("One a line, with example messages: Debugging: Why does this fail?; Fix my stack trace"),
        widget=forms.Textarea(attrs={"rows": 7}),
        required=False,
    )
    refused = forms.CharField(
        label=_("Topics it leaves out"),
        help_text=_("Same form. These are turned away even where they come close to a topic above."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    restrict = forms.BooleanField(
        label=_("Turn everything else away"),
        help_text=_("Users are told that this is not the place for it. People in danger always get help."),
        required=False,
    )
    message = forms.CharField(
        label=_("What to say when something is out of scope"),
        help_text=_("Users are always told, besides, that they may find help elsewhere."),
        required=False,
    )
    name = forms.CharField(label=_("Its name"), required=False)
    style = forms.CharField(label=_("How it speaks"), required=False)
    instructions = forms.CharField(
        label=_("Instructions"),
        help_text=_("Followed as a sensible employee follows an employer, within the charter."),
        widget=forms.Textarea(attrs={"rows": 6}),
        required=False,
    )

    @staticmethod
    def from_settings(settings: dict[str, Any]) -> dict[str, Any]:
        scope, persona = settings.get("scope", {}), settings.get("persona", {})
        return {
            "description": scope.get("description", ""),
            "allowed": topics_to_text(scope.get("allowed", [])),
            "refused": topics_to_text(scope.get("refused", [])),
            "restrict": scope.get("restrict", False),
            "message": scope.get("message", ""),
            "name": persona.get("name", ""),
            "style": persona.get("style", ""),
            "instructions": settings.get("instructions", ""),
        }

    def to_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        """`settings` with this form's parts replaced; the others stay."""
        said = self.cleaned_data
        scope = {
            "description": said["description"],
            "allowed": text_to_topics(said["allowed"]),
            "refused": text_to_topics(said["refused"]),
            "restrict": said["restrict"],
            "message": said["message"],
        }
        persona = {"name": said["name"], "style": said["style"]}
        return {**settings, "scope": scope, "persona": persona, "instructions": said["instructions"]}

    def add_problems(self, problems: list[Any]) -> None:
        """The charter's problems, beside the field they are about."""
        for problem in problems:
            part = problem.path.replace("[", ".").split(".")
            field = part[1] if len(part) > 1 and part[1] in self.fields else part[0]
            self.add_error(field if field in self.fields else None, problem.message)


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


class DeploymentForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)


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
