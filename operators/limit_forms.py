"""Forms of limits: what an operator may set within what it is allowed, and what stewards allow."""

from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext_lazy as _

from operators.limits import FIELDS, most_allowed, own_limits
from operators.models import Deployment, Key, Limits

LABELS = {
    "requests": _("Requests a minute"),
    "input_tokens": _("Input tokens a minute"),
    "output_tokens": _("Output tokens a minute"),
    "streams": _("Streams at once"),
    "month_tokens": _("Tokens a month"),
    "month_money": _("Money a month"),
    "alert_percent": _("Alert at, per cent of a budget"),
}


class LimitsForm(forms.Form):
    """The operator's own limits of a deployment or a key. An empty field says nothing; 0 lets nothing through."""

    def __init__(self, subject: Deployment | Key, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, initial=own_limits(subject), **kwargs)
        self._most = most_allowed(subject)
        for name in FIELDS:
            self.fields[name] = self._field(name)

    def _field(self, name: str) -> forms.Field:
        if name == "alert_percent":
            told = _("Once a month for each budget; 80 where nothing is said.")
            return forms.IntegerField(label=LABELS[name], min_value=1, max_value=100, required=False, help_text=told)
        most = self._most[name]
        told = ""
        if most is not None:
            told = _("At most %(most)s, which holds where nothing is said.") % {"most": intcomma(most)}
        kind: type[forms.IntegerField] = forms.IntegerField
        more: dict[str, Any] = {}
        if name == "month_money":
            told = told or _("In the currency of the models' prices.")
            kind, more = forms.DecimalField, {"max_digits": 12, "decimal_places": 2}
        return kind(label=LABELS[name], min_value=0, max_value=most, required=False, help_text=told, **more)


class AllowedForm(forms.ModelForm):
    """What the platform allows one operator, deployment or key. Empty: the platform's default."""

    class Meta:
        model = Limits
        fields = ["operator", "deployment", "key", *FIELDS]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.instance._state.adding:
            return cleaned
        named = {kind: cleaned.get(kind) for kind in ("operator", "deployment", "key") if cleaned.get(kind)}
        if len(named) != 1:
            self.add_error(None, _("Name one operator, one deployment or one key."))
        elif Limits.objects.filter(**named, set_by=Limits.SetBy.PLATFORM).exists():
            self.add_error(None, _("There are limits of it already: change those."))
        return cleaned
