"""A conversation's time series, where the conversation is read."""

from typing import Any

from django import template

from audit.wellbeing.charts import HEIGHT, WIDTH, sides
from audit.wellbeing.measures import MEASURES, NAMES
from audit.wellbeing.models import Point
from conversations.models import Conversation

register = template.Library()
LONGEST = 300
"""A longer conversation shows its latest points."""


@register.inclusion_tag("wellbeing/of_conversation.html")
def wellbeing_of(conversation: Conversation) -> dict[str, Any]:
    found = Point.objects.filter(conversation=conversation).order_by("-number", "-at")
    points = list(found[:LONGEST])[::-1]
    series = [{name: getattr(point, name) for name in MEASURES} for point in points]
    person, model = sides(series)
    return {
        "points": points,
        "person": person,
        "model": model,
        "names": NAMES.values(),
        "table": [(point, values.values()) for point, values in zip(points, series, strict=True)],
        "screens_only": all(point.source == "screen" for point in points),
        "width": WIDTH,
        "height": HEIGHT,
    }
