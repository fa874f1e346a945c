"""What the record tells on pages of the apps below: `{% load record %}{% last_day deployment %}`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conversations.pages.figures import Figure
from conversations.pages.usage_tables import Line
from conversations.usage import usage
from conversations.usage_question import Question
from operators.models import Deployment

register = template.Library()
DAY = timedelta(days=1)


@register.filter
def row_of_time(line: Line, by: str) -> SafeString:
    """A row that a chart draws. In loops of the template such rows would be most of what the page costs."""
    shape = "j M Y, H:i" if by == "hour" else "j M Y"
    head = (line.label.isoformat(), date_format(line.label, shape))
    return format_html(
        '<tr data-at="{}"><th scope="row"><time datetime="{}">{}</time></th>{}</tr>',
        int(line.label.timestamp()),
        *head,
        cells(line),
    )


@register.filter
def cells(line: Line) -> SafeString:
    """The cells of a table's line: as people read them, and as its chart does."""
    return format_html_join("", '<td data-value="{}">{}</td>', line.shown)


@register.inclusion_tag("conversations/last_day.html")
def last_day(deployment: Deployment) -> dict[str, Any]:
    """A deployment's last 24 hours at a glance, by whole hours, beside the 24 before."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    question = Question(deployment.pk, end - DAY, end)
    now, before = usage(question).total, usage(question.before).total
    figures = [
        Figure(_("Turns"), now.turns, before.turns),
        Figure(_("Turned away"), now.redirect, before.redirect, "outcome=redirect"),
        Figure(_("Flagged"), now.flagged, before.flagged, "marked=flagged"),
        Figure(_("Model failed"), now.failed, before.failed, "marked=failed"),
    ]
    since = f"{question.start:%Y-%m-%d}"
    return {"deployment": deployment, "figures": figures, "turns": now.turns, "since": since}
