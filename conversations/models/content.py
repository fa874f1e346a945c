"""A turn's content as the ORM gives it: opened when it is looked at, with the key of its row."""

import logging
from typing import Any

import orjson
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from conversations.content import ContentError, Opened, SealError, nothing, opened

log = logging.getLogger(__name__)


class StoredJSON(models.BinaryField):
    """JSON kept as bytes; any Unicode, NUL included, survives."""

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        return None if value is None else orjson.loads(bytes(value))

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else orjson.dumps(value)

    def value_to_string(self, obj: models.Model) -> str:
        return orjson.dumps(self.value_from_object(obj)).decode()

    def to_python(self, value: Any) -> Any:
        return orjson.loads(value) if isinstance(value, str | bytes) else value


class _Looked(DeferredAttribute):
    def __set__(self, instance: Any, value: Any) -> None:
        # With it Python asks __get__ even where the instance holds a value of this name.
        instance.__dict__[self.field.attname] = value


class _OpenedContent(_Looked):
    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        return opened_of(instance).said if instance is not None and isinstance(value, bytes | memoryview) else value


class _OpenedDecision(_Looked):
    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is None or not isinstance(value, dict):
            return value
        instance.content  # noqa: B018 - a deferred one is read now
        return opened_of(instance).decision(value)


class SealedContent(models.BinaryField):
    """`turn.content` is {"system", "messages", "answer"}; `values("content")` is what the row holds, sealed."""

    descriptor_class = _OpenedContent

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: ARG002 - Django's signature
        return model_instance.__dict__[self.attname]  # as it lies in the row, not as it was opened

    def get_prep_value(self, value: Any) -> Any:
        return orjson.dumps(value) if isinstance(value, dict) else value


class QuotingJSON(StoredJSON):
    """`turn.decision` is the decision with what it quotes, while that can be opened; the row's holds no word of it."""

    descriptor_class = _OpenedDecision

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: ARG002 - Django's signature
        return model_instance.__dict__[self.attname]


def opened_of(turn: Any) -> Opened:
    """All that a turn's row holds sealed, opened once. Raises ContentError, SealError."""
    held = turn.__dict__
    raw = held.get("content", b"")
    if not isinstance(raw, bytes | memoryview):
        return Opened(raw or {}, {})
    if held.get("_opened_from") is not raw:
        held.pop("_opened_from", None)
        held["_opened"] = opened(turn.pk, bytes(raw), turn.gone, turn.data_key_id, _wrapped(turn))
        held["_opened_from"] = raw
    found: Opened = held["_opened"]
    return found


def keep_readable(turn: Any) -> None:
    """For pages: content that does not open counts as gone, "damaged", and the rest of the turn is shown."""
    try:
        opened_of(turn)
    except (ContentError, SealError) as error:
        log.error("a turn's content does not open: %s", error)  # noqa: TRY400
        turn.__dict__ |= {"_opened": nothing("damaged"), "_opened_from": turn.__dict__["content"]}


def _wrapped(turn: Any) -> bytes | None:
    try:
        key = turn.data_key
    except ObjectDoesNotExist:
        return None
    return bytes(key.wrapped) if key is not None else None
