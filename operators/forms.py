"""Forms of the operator console; each turns what people type into the settings that the charter checks, and back."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


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


class KeyForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Where the key will live, e.g. web backend."))


class DeploymentForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
