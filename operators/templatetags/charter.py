"""What the charter's pages need beyond the document itself."""

import re
from typing import Any

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from operators import charter_words

register = template.Library()


@register.filter
def anchor(entry: str, section: str) -> str:
    """The id of an entry on the page: `{{ rule.id|anchor:"rules" }}`."""
    return charter_words.anchor(section, entry)


@register.filter
def words(value: Any, field: str) -> Any:
    """A value of the charter in people's words: `{{ behaviour.users|words:"users" }}`."""
    return charter_words.value(field, ", ".join(value) if isinstance(value, tuple) else str(value))


@register.filter
def field_name(field: str) -> Any:
    return charter_words.FIELDS.get(field, field)


@register.filter
def filled_in(text: str) -> SafeString:
    """The text, with what stands in braces set apart: that is filled in when it is used."""
    return mark_safe(re.sub(r"\{(\w+)\}", r"<var>\1</var>", conditional_escape(text)))  # noqa: S308 - escaped first
