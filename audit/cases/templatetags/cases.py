from collections.abc import Iterable

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def marked(text: str, passages: Iterable[str]) -> SafeString:
    """The text with each of the passages in <mark>, as far as they stand in it; lines are kept."""
    cuts: list[tuple[int, int]] = []
    for passage in passages:
        start = text.find(passage)
        while start >= 0 and passage:
            end = start + len(passage)
            if all(end <= before or start >= after for before, after in cuts):
                cuts.append((start, end))
            start = text.find(passage, end)
    parts, at = [], 0
    for start, end in sorted(cuts):
        parts += [escape(text[at:start]), "<mark>", escape(text[start:end]), "</mark>"]
        at = end
    return mark_safe("".join([*parts, escape(text[at:])]).replace("\n", "<br>"))  # noqa: S308 - escaped above
