"""The design system as a page: every component in its states, made of the very includes that pages use."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from config.zones import zone_of
from operators.differences import between_settings
from operators.moment_fields import MomentField

COLOURS = ("paper", "card", "ink", "muted", "line", "accent", "accent-soft", "good", "good-soft", "warn", "warn-soft")
COLOURS += ("bad", "bad-soft", "code")
SPACES = ("s1", "s2", "s3", "s4", "s5", "s6")


class SampleForm(forms.Form):
    """A field of every kind."""

    name = forms.CharField(
        label=gettext_lazy("A line"), help_text=gettext_lazy("What stands here helps to fill it in.")
    )
    text = forms.CharField(label=gettext_lazy("A text"), widget=forms.Textarea(attrs={"rows": 2}), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("A choice"), choices=[("a", "A"), ("b", "B")])
    yes = forms.BooleanField(label=gettext_lazy("A yes or no"), required=False)
    some = forms.MultipleChoiceField(
        label=gettext_lazy("Several"), choices=[("a", "A"), ("b", "B")], widget=forms.CheckboxSelectMultiple
    )
    at = MomentField(label=gettext_lazy("A time"), required=False)


@login_required
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    fresh, wrong = SampleForm(auto_id="fresh-%s"), SampleForm({"kind": "c"}, auto_id="wrong-%s")
    for form in (fresh, wrong):
        form.fields["at"].read_in(zone_of(request))  # type: ignore[attr-defined]
    now = timezone.now()
    context: dict[str, Any] = {
        "colours": COLOURS,
        "spaces": SPACES,
        "fresh": fresh,
        "wrong": wrong,
        "now": now,
        "earlier": now - timedelta(days=200),
        "number": 1_234_567,
        "differences": _differences(),
        "edit": _conflicting(),
        "outcomes": ("answer", "redirect", "decline", "end"),
    }
    return render(request, "style/page.html", context)


def _differences() -> Any:
    before = {"persona": {"name": "Ada"}, "instructions": _("Be brief. ") * 20}
    return between_settings(before, {"persona": {"name": "Bo"}, "scope": {"restrict": True}, "instructions": ""})


def _conflicting() -> Any:
    """A draft that somebody else changed meanwhile."""
    sides = [between_settings({"persona": {"name": "Ada"}}, {"persona": {"name": name}}) for name in ("Bo", "Cy")]
    conflict = SimpleNamespace(path="persona.name", mine=sides[0], theirs=sides[1])
    return SimpleNamespace(conflicts=[conflict])
