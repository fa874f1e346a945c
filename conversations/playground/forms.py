"""What is asked in the playground: a message, of which sides, as a user who adjusts what."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from charter import load_charter
from charter.document import Behaviour

LONGEST = 20_000
DRAFT, LIVE = "draft", "live"
WISH = "wish-"


class AskForm(forms.Form):
    """`draft` and `live` name the conversations that are gone on with; `side` asks one of the two alone."""

    say = forms.CharField(
        label=_("Say something as a user would"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=LONGEST,
        error_messages={"required": _("Say something first.")},
    )
    compare = forms.BooleanField(required=False)
    model = forms.CharField(label=_("Model"), max_length=128, required=False)
    draft = forms.UUIDField(required=False, widget=forms.HiddenInput)
    live = forms.UUIDField(required=False, widget=forms.HiddenInput)
    side = forms.ChoiceField(choices=[(DRAFT, DRAFT), (LIVE, LIVE)], required=False)

    def __init__(self, *args: Any, may_compare: bool, beside: str = "", **kwargs: Any) -> None:
        """beside: the id of a form on the same page that is sent along where no script serves, so that nothing typed
        there is lost."""
        super().__init__(*args, auto_id="ask-%s", **kwargs)
        self.may_compare = may_compare
        self.beside = beside
        if beside:
            self.fields["say"].widget.attrs["form"] = beside
        self.wishes = [Wish(one, self.data.get(f"{WISH}{one.id}", "")) for one in adjustable()]

    def sides(self) -> list[str]:
        said = self.cleaned_data
        if said["side"]:
            return [said["side"]] if said["side"] == DRAFT or self.may_compare else []
        return [DRAFT, LIVE] if said["compare"] and self.may_compare else [DRAFT]

    def conversation(self, side: str) -> UUID | None:
        found: UUID | None = self.cleaned_data[side]
        return found

    def wished(self) -> dict[str, bool]:
        return {one.behaviour.id: one.state == "on" for one in self.wishes if one.state in {"on", "off"}}


class Wish:
    """What the user of a trial would have of one behaviour: "" for nothing, "on" or "off"."""

    def __init__(self, behaviour: Behaviour, state: str) -> None:
        self.behaviour, self.state = behaviour, state

    @property
    def name(self) -> str:
        return f"{WISH}{self.behaviour.id}"


def adjustable() -> list[Behaviour]:
    """What a user may ask to be adjusted; whether it is granted, the operator and the charter say."""
    return [one for one in load_charter().behaviours if one.softcoded and one.users != "never"]
