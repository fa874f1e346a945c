"""Times as the viewer's clock shows them, always with the zone's name."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.zones import zone_of

register = template.Library()


@register.simple_tag(takes_context=True)
def moment(context: Any, at: datetime | None, form: str = "") -> SafeString | str:
    """`{% moment turn.started_at %}`, or with "seconds" or "day" behind it. Empty for None."""
    if at is None:
        return ""
    local = at.astimezone(zone_of(context.get("request")))
    shape = {"seconds": "j M Y, H:i:s", "day": "j M Y"}.get(form, "j M Y, H:i")
    return format_html('<time datetime="{}">{} {}</time>', at.isoformat(), date_format(local, shape), zone_label(local))


@register.simple_tag(takes_context=True)
def zone(context: Any) -> str:
    """The name of the viewer's zone now, for what is typed as a time."""
    return zone_label(datetime.now(zone_of(context.get("request"))))


def zone_label(local: datetime) -> str:
    """`CET`, or `UTC+03` or `UTC+05:45` where a zone has no letters of its own."""
    name = local.tzname() or "UTC"
    if not name.startswith(("+", "-")):
        return name
    return f"UTC{name[:3]}" + (f":{name[3:]}" if name[3:] else "")
