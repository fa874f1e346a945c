"""Everything that is sealed under a master key, sealed anew under the first one. Content itself stays as it is: only
the keys of content are wrapped anew, so a rotation costs by users, not by what they said.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import models, transaction

from config.sealing import is_current, seal_bytes, unseal_bytes
from conversations.content import key_context
from conversations.models import DataKey
from operators.accounts.adapter import SEAL_CONTEXT
from operators.data_rules import seal_context
from operators.models import DataSettings, Upstream, Webhook

AT_ONCE = 200


@dataclass(frozen=True)
class Sealed:
    """A column of sealed values. context: what a row's value is bound to."""

    model: type[models.Model]
    column: str
    context: Callable[[Any], str]

    @property
    def name(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"


COLUMNS = (
    Sealed(DataKey, "wrapped", lambda row: key_context(row.pk)),
    Sealed(DataSettings, "wrapped_secret", lambda row: seal_context(row.pk)),
    Sealed(Webhook, "sealed_secret", lambda row: row._seal_context),
    Sealed(Webhook, "sealed_old_secret", lambda row: row._seal_context),
    Sealed(Upstream, "sealed_key", lambda row: row.seal_context),
)
SECRETS = ("secret", "seed")
"""What an authenticator's JSON holds sealed, as text."""


def seal_anew() -> Iterator[tuple[str, int]]:
    """(column, how many of its values were sealed anew), a stretch at a time, each committed. Begun again, it goes on.

    Raises SealError where a value can be opened with none of the master keys.
    """
    for column in COLUMNS:
        after = None
        while stretch := _stretch(column.model, after):
            after = stretch[-1]
            yield column.name, _seal_rows(column, stretch)
    yield "mfa_authenticator.data", _seal_authenticators()


def _stretch(model: type[models.Model], after: Any) -> list[Any]:
    found = model._default_manager.order_by("pk")
    if after is not None:
        found = found.filter(pk__gt=after)
    return list(found.values_list("pk", flat=True)[:AT_ONCE])


def _seal_rows(column: Sealed, ids: list[Any]) -> int:
    sealed = 0
    with transaction.atomic():
        for row in column.model._default_manager.select_for_update().filter(pk__in=ids).order_by("pk"):
            value = getattr(row, column.column)
            if value is None or is_current(bytes(value)):
                continue
            context = column.context(row)
            anew = seal_bytes(unseal_bytes(bytes(value), context), context)
            column.model._default_manager.filter(pk=row.pk).update(**{column.column: anew})
            sealed += 1
    return sealed


def _seal_authenticators() -> int:
    sealed = 0
    for one in Authenticator.objects.order_by("pk").values_list("pk", flat=True).iterator():
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().get(pk=one)
            anew = {name: _anew(row.data[name]) for name in SECRETS if isinstance(row.data.get(name), str)}
            changed = {name: value for name, value in anew.items() if value != row.data[name]}
            if changed:
                Authenticator.objects.filter(pk=one).update(data=row.data | changed)
                sealed += 1
    return sealed


def _anew(text: str) -> str:
    value = b64decode(text)
    if is_current(value):
        return text
    return b64encode(seal_bytes(unseal_bytes(value, SEAL_CONTEXT), SEAL_CONTEXT)).decode()
