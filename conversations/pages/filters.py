"""What a list of conversations is narrowed by, as people choose it; the API's filter underneath."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation, Turn
from conversations.reading import OUTCOMES, Filter

DAY = timedelta(days=1)
MARKS = [
    ("flagged", _("flagged for review")),
    ("ended", _("ended")),
    ("failed", _("the model failed")),
    ("batch", _("from a batch")),
    ("deleted", _("deleted")),
]
TIERS = [("1", _("1 · safety")), ("2", _("2 · ethics")), ("3", _("3 · guidelines")), ("4", _("4 · helpfulness"))]
_ANY = ("", _("Any"))


class FilterForm(forms.Form):
    """From a query string. What cannot be is told beside its field, and then nothing is listed."""

    use_required_attribute = False

    id = forms.CharField(
        label=_("Find by id"),
        max_length=64,
        required=False,
        widget=forms.TextInput(
            attrs={"placeholder": _("conversation, turn, request"), "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    user = forms.CharField(
        label=_("User"),
        max_length=256,
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"placeholder": _("metadata.user_id"), "autocomplete": "off"}),
    )
    outcome = forms.ChoiceField(label=_("Outcome"), choices=[_ANY, *((one, one) for one in OUTCOMES)], required=False)
    tier = forms.ChoiceField(label=_("Decided by tier"), choices=[_ANY, *TIERS], required=False)
    since = forms.DateField(
        label=_("Begun from"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("Begun up to"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    marked = forms.MultipleChoiceField(
        label=_("Only"), choices=MARKS, required=False, widget=forms.CheckboxSelectMultiple
    )

    def clean_since(self) -> date | None:
        return _within_years(self.cleaned_data["since"])

    def clean_until(self) -> date | None:
        return _within_years(self.cleaned_data["until"])

    @property
    def narrowed(self) -> bool:
        """Whether anything but an id is asked for."""
        return any(self.data.get(name) for name in self.fields if name != "id")

    def chosen(self, *, deleted_too: bool = False) -> Filter:
        """Of a valid form. Deleted ones are shown when asked for, or `deleted_too`."""
        said = self.cleaned_data
        marked = set(said["marked"])
        return Filter(
            user_ref=said["user"] or None,
            flagged="flagged" in marked or None,
            ended="ended" in marked or None,
            deleted=True if "deleted" in marked else None if deleted_too else False,
            outcome=said["outcome"] or None,
            tier=int(said["tier"]) if said["tier"] else None,
            failed="failed" in marked or None,
            batch="batch" in marked or None,
            created_after=_midnight(said["since"]) if said["since"] else None,
            created_before=_midnight(said["until"]) + DAY if said["until"] else None,
        )

    def told(self) -> dict[str, Any]:
        """The filter as the audit log may keep it: which user was meant is left out, for it forgets nothing."""
        said = {name: value for name, value in self.cleaned_data.items() if value and name not in {"id", "user"}}
        plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}
        return plain | ({"user": True} if self.cleaned_data["user"] else {})


def without(query: QueryDict, *names: str) -> str:
    """The query string less these, to be gone on with."""
    left = query.copy()
    for name in (*names, "csrfmiddlewaretoken"):
        left.pop(name, None)
    for name in [name for name, value in left.items() if not value]:
        left.pop(name)
    return left.urlencode()


def find(text: str, deployment_id: UUID | None) -> tuple[UUID, UUID | None] | None:
    """(conversation, turn where one is meant) of an id that somebody has at hand; None where nothing has it.

    deployment_id: None for every deployment.
    """
    within = {"deployment": deployment_id} if deployment_id else {}
    text = text.strip()
    if text.startswith("req_"):
        turns = Turn.objects.filter(request_id=text, **within)
    else:
        try:
            asked = UUID(text)
        except ValueError:
            return None
        if Conversation.objects.filter(pk=asked, **within).exists():
            return asked, None
        turns = Turn.objects.filter(pk=asked, **within)
    return turns.values_list("conversation_id", "pk").first()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _within_years(day: date | None) -> date | None:
    if day is not None and not 2000 <= day.year <= 9000:
        raise forms.ValidationError(_("It must lie between the years 2000 and 9000."))
    return day
