"""Which entries a page shows: whose, filtered, newest first, by keyset."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from audit.log.models import NO_TURN, WHOSE, Entry
from audit.log.names import Name
from operators.models import Account, Operator

PAGE = 50
SLACK = timedelta(hours=1)
"""How much earlier than its act an entry's id may have been made: a turn's is told before the turn is answered."""
EVERYBODYS = (Name.PAUSE_PLACED, Name.PAUSE_LIFTED, Name.CHARTER_PUBLISHED)
"""Acts on the platform as a whole, which touch every operator."""
WHOLE = ("platform", "model", "behaviour", "charter")

_KINDS = """
WITH RECURSIVE kinds AS (
    (SELECT subject_type FROM audit_log_entry ORDER BY subject_type LIMIT 1)
    UNION ALL
    SELECT (SELECT subject_type FROM audit_log_entry WHERE subject_type > kinds.subject_type
            ORDER BY subject_type LIMIT 1)
    FROM kinds WHERE kinds.subject_type IS NOT NULL
)
SELECT subject_type FROM kinds WHERE subject_type IS NOT NULL"""


@dataclass(frozen=True)
class Wanted:
    """What is asked for; empty fields ask for nothing. `subject` and `actor` are (type, id)."""

    kind: str = ""
    name: str = ""
    subject: tuple[str, str] | None = None
    actor: tuple[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    deployment: str = ""
    """Only what was done to this one or in it."""

    @property
    def narrows(self) -> bool:
        return self != Wanted()


def kinds() -> list[str]:
    """The types of subject that have entries, in some milliseconds however many entries there are."""
    with connection.cursor() as cursor:
        cursor.execute(_KINDS)
        return [kind for (kind,) in cursor.fetchall()]


def entries(operator: Operator | None, wanted: Wanted, *, before: UUID | None = None) -> Iterator[Entry]:
    """Newest first, before that entry; the whole log's where no operator is named. Take of it what is needed."""
    parts = [_filtered(part, wanted, before) for part in _of(operator, turns=wanted.subject is not None)]
    yield from merge(*(_walked(part) for part in parts), key=lambda entry: entry.pk, reverse=True)


def page(operator: Operator | None, wanted: Wanted, before: UUID | None) -> tuple[list[Entry], UUID | None]:
    """One page, and the id to ask for the next with."""
    found = list(islice(entries(operator, wanted, before=before), PAGE + 1))
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def one(operator: Operator | None, entry_id: UUID) -> Entry | None:
    """An entry, if the operator may see it."""
    for part in _of(operator, turns=True):
        if entry := part.filter(pk=entry_id).first():
            return entry
    return None


def _of(operator: Operator | None, *, turns: bool) -> list[QuerySet[Entry]]:
    """turns: of an operator's. They have pages of their own and are by far the most entries."""
    everything = Entry.objects.all()
    if operator is None:
        return [everything]
    own = everything.annotate(whose=WHOSE).filter(whose=str(operator.pk))
    if not turns:
        own = own.filter(NO_TURN)
    return [own, everything.filter(name__in=EVERYBODYS, subject_type__in=WHOLE).exclude(detail__has_key="operator")]


def _filtered(found: QuerySet[Entry], wanted: Wanted, before: UUID | None) -> QuerySet[Entry]:
    asked = Q()
    if wanted.subject:
        asked &= Q(subject_type=wanted.subject[0], subject_id=wanted.subject[1])
    if wanted.kind:
        asked &= Q(subject_type=wanted.kind)
        asked &= Q() if wanted.kind == "turn" else NO_TURN
    if wanted.name:
        asked &= Q(name=wanted.name)
    if wanted.actor:
        asked &= Q(actor_type=wanted.actor[0], actor_id=wanted.actor[1])
        # An account records no turn; a key may be asked for by its turns too.
        asked &= NO_TURN if wanted.actor[0] != "key" else Q()
    if wanted.since:
        asked &= Q(at__gte=wanted.since, pk__gte=_first_id(wanted.since - SLACK))
    if wanted.until:
        asked &= Q(at__lt=wanted.until, pk__lt=_first_id(wanted.until + SLACK))
    if wanted.deployment:
        asked &= Q(detail__deployment=wanted.deployment) | Q(subject_type="deployment", subject_id=wanted.deployment)
    if before:
        asked &= Q(pk__lt=before)
    return found.filter(asked).order_by("-pk")


def _walked(found: QuerySet[Entry]) -> Iterator[Entry]:
    """In pages of their own, so that whoever takes few reads few."""
    last = None
    while True:
        part = list((found.filter(pk__lt=last) if last else found)[: PAGE + 1])
        yield from part
        if len(part) <= PAGE:
            return
        last = part[-1].pk


def _first_id(moment: datetime) -> UUID:
    """The least id of version 7 that could have been made then."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return UUID(int=milliseconds << 80)


def day(date: Any) -> datetime:
    """The beginning of a day in UTC."""
    return datetime.combine(date, time(), UTC)


def actor_of(text: str) -> tuple[str, str] | None:
    """Whom a text means: an e-mail address, `type:id`, or an account's id. None where it is nobody."""
    kind, colon, identity = text.partition(":")
    if colon:
        return kind.strip(), identity.strip()
    if "@" in text:
        account = Account.objects.filter(email__iexact=text).first()
        return ("account", str(account.pk)) if account else None
    try:
        return "account", str(UUID(text))
    except ValueError:
        return None
