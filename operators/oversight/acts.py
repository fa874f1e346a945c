"""One act of a steward as a page: a form with a reason, then what it will do, then the act. Nothing in one step.

The confirmation is a second page: whoever holds a key down in the form's last field gets no further than to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from operators.access import stewards_only
from operators.accounts.second_factor import fresh_second_factor, typed_before
from operators.texts import is_one_line

View = Callable[..., HttpResponse]
CONFIRMED = "confirmed"


class RefusedError(Exception):
    """The act cannot be done; the text says why, for the steward at hand."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"), max_length=500, help_text=_("Stands in the audit log, and whom it concerns can read it.")
    )

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if not is_one_line(reason):
            raise forms.ValidationError(_("Please write this on one line, without control characters."))
        return reason


@dataclass(frozen=True, slots=True)
class Act:
    """title: a heading; button: its last word; consequences: sentences, and do: the act, both of a valid form's data.

    `do` returns what is said afterwards, and raises RefusedError. back: where it leads from there.
    """

    title: Any
    button: Any
    consequences: Callable[[dict[str, Any]], Sequence[Any]]
    do: Callable[[dict[str, Any]], Any]
    back: str
    danger: bool = True


def act_of_stewards(view: View) -> View:
    """Stewards only, with a fresh second factor."""
    return stewards_only(fresh_second_factor(view))


def page(request: HttpRequest, act: Act, form_class: type[forms.Form] = ReasonForm) -> HttpResponse:
    """The act's form, its confirmation, or where it leads once it is done."""
    if request.method != "POST":
        typed = {name: values[-1] for name, values in typed_before(request).items() if values}
        return _form(request, act, form_class(initial={**request.GET.dict(), **typed}))
    form = form_class(request.POST)
    if not form.is_valid():
        return _form(request, act, form)
    if CONFIRMED not in request.POST:
        context = {"act": act, "form": form, "consequences": act.consequences(form.cleaned_data)}
        return render(request, "oversight/confirm.html", context)
    try:
        said = act.do(form.cleaned_data)
    except RefusedError as error:
        form.add_error(None, str(error))
        return _form(request, act, form)
    messages.success(request, said)
    return redirect(act.back)


def _form(request: HttpRequest, act: Act, form: forms.Form) -> HttpResponse:
    return render(request, "oversight/act.html", {"act": act, "form": form})
