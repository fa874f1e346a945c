"""What reviewers fill in."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.cases import bulk, citing
from audit.cases.appeals import LONGEST
from audit.cases.models import Case, Reviewer, SavedFilter
from audit.cases.models.cases import GRAVE, Verdict
from audit.cases.verdicts import LONGEST_NOTE, Given, VerdictError

SECTIONS = {
    "tiers": _("Tiers"),
    "bright_lines": _("Bright lines"),
    "harms": _("Harms"),
    "behaviours": _("Behaviours"),
}


def rule_choices() -> list[Any]:
    return [("", _("None")), *((SECTIONS[section], lines) for section, lines in citing.choices())]


class VerdictForm(forms.Form):
    verdict = forms.ChoiceField(label=_("Verdict"), choices=Verdict, widget=forms.RadioSelect)
    severity = forms.FloatField(
        label=_("Right severity"), min_value=0, max_value=1, required=False, help_text=_("Only to change it: 0 to 1.")
    )
    rule = forms.ChoiceField(label=_("Rests on"), choices=rule_choices, required=False)
    note = forms.CharField(
        label=_("Why"),
        help_text=_("For colleagues."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=LONGEST_NOTE,
        required=False,
    )
    operator_note = forms.CharField(
        label=_("To the operator"),
        help_text=_("Word for word what it reads; needed to coach, warn or pause."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=LONGEST_NOTE,
        required=False,
    )

    def __init__(self, *args: Any, stage: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if stage == Case.Stage.STEWARD:
            self.fields["verdict"].choices = [one for one in Verdict.choices if one[0] != Verdict.ESCALATE]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                self.given().check()
            except VerdictError as error:
                for field, problem in error.problems.items():
                    self.add_error(field, problem)
        return cleaned

    def given(self) -> Given:
        return Given(**{name: self.cleaned_data.get(name) for name in Given.__dataclass_fields__})  # type: ignore[arg-type]


class AppealDecisionForm(forms.Form):
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("upheld", _("Upheld: what was decided stands")), ("overturned", _("Overturned: it was wrong"))],
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(
        label=_("Why"),
        help_text=_("Word for word what whoever appealed reads."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=LONGEST,
    )
    note = forms.CharField(
        label=_("For colleagues"), widget=forms.Textarea(attrs={"rows": 2}), max_length=LONGEST_NOTE, required=False
    )


class AppealForm(forms.Form):
    reason = forms.CharField(label=_("Why it is wrong"), widget=forms.Textarea(attrs={"rows": 4}), max_length=LONGEST)


class BulkForm(forms.Form):
    cases = forms.ModelMultipleChoiceField(Case.objects.all(), widget=forms.MultipleHiddenInput)
    verdict = forms.ChoiceField(
        label=_("Verdict"), choices=[(one.value, one.label) for one in bulk.ALLOWED], widget=forms.RadioSelect
    )
    rule = forms.ChoiceField(label=_("Rests on"), choices=rule_choices)
    note = forms.CharField(
        label=_("Why"), widget=forms.Textarea(attrs={"rows": 2}), max_length=LONGEST_NOTE, required=False
    )
    sure = forms.BooleanField(label=_("I have looked at these cases"))

    def clean_cases(self) -> list[Case]:
        chosen = list(self.cleaned_data["cases"][: bulk.MOST + 1])
        if len(chosen) > bulk.MOST:
            raise ValidationError(_("At most %(n)d at once."), params={"n": bulk.MOST})
        return chosen


class FilterForm(forms.Form):
    """The list's filter, read from the address; what is not understood is left out."""

    status = forms.ChoiceField(
        label=_("Status"), choices=[("", _("Waiting")), ("closed", _("Decided"))], required=False
    )
    queue = forms.ChoiceField(label=_("Queue"), choices=[("", _("Any")), *Case.Queue.choices], required=False)
    stage = forms.ChoiceField(label=_("Stage"), choices=[("", _("Any")), *Case.Stage.choices], required=False)
    severity = forms.ChoiceField(
        label=_("Severity"),
        choices=[("", _("Any")), ("grave", _("Grave")), ("lighter", _("Lighter"))],
        required=False,
    )
    late = forms.BooleanField(label=_("Late only"), required=False)
    operator = forms.CharField(label=_("Operator"), max_length=120, required=False)

    def condition(self) -> Q:
        chosen = self.cleaned_data if self.is_valid() else {}
        condition = Q()
        for name in ("queue", "stage"):
            if chosen.get(name):
                condition &= Q(**{name: chosen[name]})
        grave = Q(mandatory=True) | Q(severity__gte=GRAVE)
        if chosen.get("severity"):
            condition &= grave if chosen["severity"] == "grave" else ~grave
        if chosen.get("late"):
            condition &= Q(due_at__lt=timezone.now())
        if chosen.get("operator"):
            condition &= Q(conversation__deployment__operator__name__icontains=chosen["operator"].replace("\0", ""))
        return condition


class SaveFilterForm(forms.ModelForm):
    class Meta:
        model = SavedFilter
        fields = ("name",)


class PreferencesForm(forms.ModelForm):
    class Meta:
        model = Reviewer
        fields = ("hide_grave", "grey_images", "grave_a_day", "break_after_minutes")


class QueuesForm(forms.Form):
    queues = forms.MultipleChoiceField(
        label=_("Queues"), choices=Case.Queue, widget=forms.CheckboxSelectMultiple, required=False
    )
