"""What may be asked of a deployment's usage, read from a query string."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from django.http import QueryDict

By = Literal["day", "hour"]
LONGEST: dict[str, timedelta] = {"day": timedelta(days=400), "hour": timedelta(days=31)}
USUAL: dict[str, timedelta] = {"day": timedelta(days=30), "hour": timedelta(days=1)}
LAST = timedelta(hours=1) - timedelta(microseconds=1)
SPLITS = frozenset({"model", "key"})


class UsageError(ValueError):
    """What is asked for cannot be counted; the text names the field and is fit for the caller."""


@dataclass(frozen=True, slots=True)
class Question:
    """From `start` up to and without `end`, both whole hours, by days or hours of UTC.

    model: as apps ask for it, "" for all.
    """

    deployment_id: UUID
    start: datetime
    end: datetime
    by: By = "day"
    model: str = ""
    key_id: UUID | None = None
    split: frozenset[str] = frozenset()
    """What each day or hour is split by: of `model` and `key`."""

    @property
    def before(self) -> "Question":
        """The same of the time before, as long."""
        return replace(self, start=self.start - (self.end - self.start), end=self.start)

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise UsageError("from: must be before `to`")
        if self.end - self.start > LONGEST[self.by]:
            raise UsageError(f"from: at most {LONGEST[self.by].days} days by {self.by} are counted at once")


def read_question(query: QueryDict, deployment_id: UUID, now: datetime) -> Question:
    """Without a range: the last 30 days, or the last 24 hours. Raises UsageError that names the parameter."""
    by = query.get("by") or "day"
    if by not in USUAL:
        raise UsageError("by: must be day or hour")
    split = frozenset(part for text in query.getlist("split") for part in text.split(",") if part)
    if split - SPLITS:
        raise UsageError("split: must be of model and key")
    end = _moment("to", query.get("to")) or now
    start = _moment("from", query.get("from")) or _floor(end - USUAL[by], by)
    # Usage is kept by the hour: one that is begun counts whole.
    start, end = _floor(start, "hour"), _floor(end + LAST, "hour")
    model, key = query.get("model", ""), query.get("key")
    if len(model) > 128 or "\0" in model:
        raise UsageError("model: a name of at most 128 characters is required")
    try:
        return Question(deployment_id, start, end, by, model, UUID(key) if key else None, split)
    except ValueError as error:
        raise error if isinstance(error, UsageError) else UsageError("key: the id of a key is required") from None


def _moment(name: str, text: str | None) -> datetime | None:
    """A day or a time; without a zone it is UTC."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{name}: a day or time is required, e.g. 2027-01-31 or 2027-01-31T08:00:00Z") from None
    if not 2000 <= at.year <= 9000:
        raise UsageError(f"{name}: must lie between the years 2000 and 9000")
    return at


def _floor(at: datetime, by: By) -> datetime:
    whole = at.replace(minute=0, second=0, microsecond=0)
    return whole.replace(hour=0) if by == "day" else whole
