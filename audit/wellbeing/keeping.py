"""Points of a series and the findings they give rise to, kept together."""

from typing import Any

from audit.cases import transcripts
from audit.cases.findings import Found, gravest
from audit.cases.models import Finding
from audit.cases.opening import note_finding
from audit.wellbeing import screens, series
from audit.wellbeing.asking import Reading
from audit.wellbeing.models import Point
from audit.wellbeing.review import review
from conversations.models import Conversation, Turn

NOTHING = "Nothing that worries about the person or the model"
LONGEST_SERIES = 200


def unread(turn: Turn, most: int = 12) -> list[Turn]:
    """Turns of the conversation that no judge has measured, up to this one, the oldest first; none without a text."""
    found = Turn.objects.filter(conversation_id=turn.conversation_id, number__lte=turn.number)
    found = found.exclude(wellbeing__source=Finding.Source.JUDGE).select_related("configuration")
    newest = [one for one in found.order_by("-number", "-started_at")[:most] if transcripts.texts_of(one, system=False)]
    return newest[::-1]


def points_before(turn: Turn, *, judged: bool = False) -> list[Point]:
    """The conversation's points up to this turn, without it, the oldest first; the latest where there are very many."""
    found = Point.objects.filter(conversation_id=turn.conversation_id, number__lte=turn.number).exclude(turn=turn)
    if judged:
        found = found.filter(source=Finding.Source.JUDGE)
    return list(found.order_by("-number", "-at")[:LONGEST_SERIES])[::-1]


def keep_screens(turn: Turn, note: str = "") -> None:
    """The screens' point of one turn, unless a judge's is there."""
    _locked(turn)
    if _judged(turn):
        return
    earlier = points_before(turn)
    pushing = 0
    for past in transcripts.before(turn, screens.FULL_AFTER)[::-1]:
        if not screens.pushes(past):
            break
        pushing += 1
    point = _point(turn, Finding.Source.SCREEN, screens.measured(turn, pushing), "")
    seen = review(turn)
    found = gravest([*([seen] if seen.severity else []), *series.of_points([*earlier, point])], NOTHING)
    texts = transcripts.texts_of(turn)
    spans = [span for ground in seen.grounds if (span := transcripts.span_of(ground, texts)) is not None]
    detail: dict[str, object] = {"grounds": seen.grounds, "spans": spans}
    if note:
        detail["note"] = note
    _note(turn, found, detail, Finding.Source.SCREEN)


def keep_reading(turn: Turn, reading: Reading, model: str) -> None:
    """A judge's points of all turns that it read, this one among them."""
    gone = _locked(turn).deleted_at is not None
    for one in Turn.objects.filter(pk__in=reading.turns).select_related("data_key").order_by("number", "started_at"):
        if _judged(one):
            continue
        last = str(one.pk) == list(reading.turns)[-1]
        stance = reading.stance if last and not gone else ""
        point = _point(one, Finding.Source.JUDGE, reading.turns[str(one.pk)], stance)
        spans = [span for span in reading.spans if span["turn"] == str(one.pk)]
        detail: dict[str, object] = {"model": model, "spans": spans}
        if last:
            detail["reasons"] = {"person": reading.person, "model": reading.model}
        # What the screens are certain of about someone's safety a judge cannot take back.
        certain = [seen for seen in [review(one)] if seen.severity >= 0.95]
        found = gravest([*certain, *series.of_points([*points_before(one), point])], NOTHING)
        _note(one, found, detail, Finding.Source.JUDGE)


def _locked(turn: Turn) -> Conversation:
    """Its conversation, held: two jobs of it keep one after the other, and a deletion waits."""
    return Conversation.objects.select_for_update(no_key=True).get(pk=turn.conversation_id)


def _judged(turn: Turn) -> bool:
    return Point.objects.filter(turn=turn, source=Finding.Source.JUDGE).exists()


def _point(turn: Turn, source: str, values: Any, stance: str) -> Point:
    fields = {
        "conversation_id": turn.conversation_id,
        "deployment_id": turn.deployment_id,
        "number": turn.number,
        "at": turn.started_at,
        "source": source,
        "stance": stance,
        **values,
    }
    return Point.objects.update_or_create(turn=turn, defaults=fields)[0]


def _note(turn: Turn, found: Found, detail: dict[str, object], source: str) -> None:
    note_finding(
        turn, Finding.Kind.WELLBEING, severity=found.severity, summary=found.summary, detail=detail, source=source
    )
