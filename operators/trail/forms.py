"""The filter of a trail, as its query has it."""

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from audit.log.names import Name
from operators.trail.finding import Wanted, actor_of, day

NOBODY = ("nobody", "")
DAY = forms.DateInput(attrs={"type": "date"})


def said(name: str) -> str:
    """A name of an act as words: `key.secret_rotated` is "key secret rotated"."""
    return name.replace(".", " ").replace("_", " ")


def sane(date: dt.date) -> None:
    """Days with which one can reckon."""
    if not 2000 <= date.year <= 2200:
        raise ValidationError(_("There are no entries of that year."))


class FilterForm(forms.Form):
    kind = forms.ChoiceField(label=_("About"), required=False)
    name = forms.ChoiceField(
        label=_("Act"), required=False, choices=[("", _("Any")), *((name.value, said(name)) for name in sorted(Name))]
    )
    actor = forms.CharField(
        label=_("By"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"placeholder": _("e-mail address")}),
    )
    since = forms.DateField(label=_("From"), required=False, widget=DAY, validators=[sane])
    until = forms.DateField(label=_("Until"), required=False, widget=DAY, validators=[sane])
    subject = forms.CharField(required=False, max_length=600, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kinds: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Anything")), *((kind, said(kind)) for kind in kinds)]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]

    def clean_subject(self) -> tuple[str, str] | None:
        kind, colon, identity = self.cleaned_data["subject"].partition(":")
        if colon and not (kind and identity):
            raise ValidationError(_("A subject is written as its type, a colon and its id."))
        return (kind, identity) if colon else None

    def clean_until(self) -> Any:
        until, since = self.cleaned_data["until"], self.cleaned_data.get("since")
        if until and since and until < since:
            raise ValidationError(_("This is before the day it begins with."))
        return until

    def wanted(self) -> Wanted:
        """Of a valid form. An actor that nobody is finds nothing."""
        told = self.cleaned_data
        since, until, actor = told["since"], told["until"], told["actor"].strip()
        return Wanted(
            kind=told["kind"],
            name=told["name"],
            subject=told["subject"],
            actor=(actor_of(actor) or NOBODY) if actor else None,
            since=day(since) if since else None,
            until=day(until + dt.timedelta(days=1)) if until else None,
        )
