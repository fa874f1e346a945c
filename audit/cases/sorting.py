"""Into which queue a finding goes, and whether a person must look whatever else waits."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from audit.cases.models import Case, Finding
from audit.cases.models.cases import GRAVE

Queue = Case.Queue

BY_SIGNAL = (
    ("bright_line.", Queue.HARM, True),
    ("risk.", Queue.PEOPLE, True),
    ("harm.", Queue.HARM, False),
    ("operator.", Queue.HARM, False),
    ("distress", Queue.PEOPLE, False),
    ("dependence", Queue.PEOPLE, False),
    ("abuse", Queue.MODEL, False),
    ("identity.", Queue.MODEL, False),
)
"""How a signal's name begins, its queue, and whether such a case is mandatory; the first that fits."""
BY_KIND = {Finding.Kind.AUDIT.value: Queue.QUALITY, Finding.Kind.WELLBEING.value: Queue.PEOPLE}


class Place(NamedTuple):
    queue: Case.Queue
    mandatory: bool


def place(kind: str, detail: Mapping[str, Any], severity: float) -> Place:
    """By the signals a finding rests on and the lines a judge cited; one without any goes by the review's kind."""
    names = [str(one.get("name", "")) for one in detail.get("grounds") or () if isinstance(one, Mapping)]
    names += [str(line) for line in detail.get("cited") or ()]
    for beginning, queue, mandatory in BY_SIGNAL:
        if any(name.startswith(beginning) for name in names):
            return Place(queue, mandatory)
    queue = BY_KIND.get(kind, Queue.QUALITY)
    return Place(queue, queue == Queue.PEOPLE and severity >= GRAVE)
