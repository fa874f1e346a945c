"""What a deployment is for and how it speaks, as one form of fields and topics, and back as the charter's settings."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from charter import load_charter
from operators import charter_words
from operators.topic_forms import topic_set, with_more

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "ar", "hi", "ja", "ko", "zh")


class ScopeFields(forms.Form):
    description = forms.CharField(
        label=_("What is this deployment for?"),
        help_text=_("One or two sentences, as you would tell a new colleague."),
        widget=forms.Textarea(attrs={"rows": 2}),
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
    name = forms.CharField(
        label=_("Its name"),
        help_text=_("A persona shapes name, manner and taste; asked sincerely, it still says that it is an AI."),
        required=False,
    )
    style = forms.CharField(label=_("How it speaks"), help_text=_("Its manner, in your words."), required=False)
    formality = forms.ChoiceField(label=charter_words.TONES["formality"], required=False)
    warmth = forms.ChoiceField(label=charter_words.TONES["warmth"], required=False)
    length = forms.ChoiceField(label=charter_words.TONES["length"], required=False)
    language = forms.CharField(
        label=_("Language"),
        help_text=_("A tag such as de or pt-BR; empty for the user's own."),
        widget=forms.TextInput(attrs={"list": "languages", "autocomplete": "off", "spellcheck": "false"}),
        required=False,
    )
    instructions = forms.CharField(
        label=_("Instructions"),
        help_text=_("Followed as a sensible employee follows an employer, within the charter."),
        widget=forms.Textarea(attrs={"rows": 7, "aria-describedby": "instructions-check"}),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for setting, options in load_charter().tones.items():
            choices = [("", _("As it comes")), *((option.id, option.name) for option in options)]
            self.fields[setting].choices = choices  # type: ignore[attr-defined]


class ScopeForm:
    """Fields and two lists of topics, checked as one. `data`: what was sent, or None."""

    languages = LANGUAGES

    def __init__(self, settings: Mapping[str, Any], data: Any = None) -> None:
        if data is not None and (prefix := data.get("more", "")) in {"allowed", "refused"}:
            data = with_more(data, prefix)
        scope = settings.get("scope", {})
        self.fields = ScopeFields(data, initial=_initial(settings))
        self.allowed = topic_set("allowed", scope.get("allowed", []), data)
        self.refused = topic_set("refused", scope.get("refused", []), data)

    def is_valid(self) -> bool:
        valid = [part.is_valid() for part in (self.fields, self.allowed, self.refused)]
        return all(valid)

    @property
    def has_errors(self) -> bool:
        fields = self.fields
        return fields.is_bound and (
            bool(fields.errors) or any(one.errors for topics in (self.allowed, self.refused) for one in topics)
        )

    def to_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """`settings` with this form's parts replaced; the others stay."""
        said = self.fields.cleaned_data
        scope = {
            "description": said["description"],
            "allowed": self.allowed.topics(),
            "refused": self.refused.topics(),
            "restrict": said["restrict"],
            "message": said["message"],
        }
        tone = {name: said[name] for name in ("formality", "warmth", "length", "language") if said[name]}
        parts = {
            "scope": scope,
            "persona": {"name": said["name"], "style": said["style"]},
            "instructions": said["instructions"],
        }
        others = {name: value for name, value in settings.items() if name != "tone"}
        return {**others, **parts, **({"tone": tone} if tone else {})}

    def add_problems(self, problems: list[Any]) -> None:
        """The charter's problems, beside the field they are about."""
        for problem in problems:
            part, *rest = problem.path.replace("[", ".").replace("]", "").split(".")
            topics = {"allowed": self.allowed, "refused": self.refused}.get(rest[0] if part == "scope" and rest else "")
            if topics is not None and len(rest) > 1 and rest[1].isdecimal():
                topics.add_problem(int(rest[1]), rest[2] if len(rest) > 2 else "name", problem.message)
                continue
            field = rest[0] if rest and rest[0] in self.fields.fields else part
            known = field in self.fields.fields
            self.fields.add_error(field if known else None, problem.message if known else str(problem))


def _initial(settings: Mapping[str, Any]) -> dict[str, Any]:
    scope, persona, tone = (settings.get(part, {}) for part in ("scope", "persona", "tone"))
    return {
        "description": scope.get("description", ""),
        "restrict": scope.get("restrict", False),
        "message": scope.get("message", ""),
        "name": persona.get("name", ""),
        "style": persona.get("style", ""),
        **{name: tone.get(name, "") for name in ("formality", "warmth", "length", "language")},
        "instructions": settings.get("instructions", ""),
    }
