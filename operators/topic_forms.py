"""Topics as forms: one for each, a name and example messages one a line, and room for more."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

SPARE = 1
"""Empty topics at the end, so that one can be added without a script."""
MOST = 60


class TopicForm(forms.Form):
    name = forms.CharField(label=_("Topic"), required=False)
    examples = forms.CharField(
        label=_("What people say, one a line"), widget=forms.Textarea(attrs={"rows": 2}), required=False
    )

    def topic(self) -> dict[str, Any] | None:
        """As the settings have it; None for one that was left empty, or emptied to remove it."""
        name, lines = self.cleaned_data.get("name", ""), self.cleaned_data.get("examples", "").splitlines()
        examples = [line.strip() for line in lines if line.strip()]
        return {"name": name, "examples": examples} if name or examples else None


class BaseTopics(forms.BaseFormSet):  # type: ignore[type-arg]
    def topics(self) -> list[dict[str, Any]]:
        return [topic for form in self.forms if (topic := form.topic()) is not None]

    def add_problem(self, index: int, field: str, message: str) -> None:
        """index: the topic's place in the settings, which leaves empty ones out."""
        filled = [form for form in self.forms if form.topic() is not None]
        if index < len(filled):
            filled[index].add_error(field if field in filled[index].fields else "name", message)


Topics = forms.formset_factory(TopicForm, formset=BaseTopics, extra=SPARE, max_num=MOST, absolute_max=MOST + SPARE)


def topic_set(prefix: str, topics: list[dict[str, Any]], data: Mapping[str, Any] | None = None) -> Any:
    """topics: of the settings; data: what was sent, where it was."""
    initial = [{"name": one["name"], "examples": "\n".join(one.get("examples", []))} for one in topics]
    return Topics(data, prefix=prefix, initial=initial)


def with_more(data: Any, prefix: str) -> Any:
    """What was sent, with room for one more topic."""
    widened = data.copy()
    name = f"{prefix}-TOTAL_FORMS"
    count = data.get(name, "")
    widened[name] = str(min(int(count) + 1, MOST)) if count.isdecimal() and len(count) < 4 else count
    return widened
