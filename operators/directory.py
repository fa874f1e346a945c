"""Keys, live configurations and the models they may use, kept in the process and dropped when the database says that
they changed."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from charter import Charter, Configuration, ConfigurationError, load_charter, parse_configuration
from config import database, notices
from config.sealing import SealError
from operators import data_rules
from operators.allowances import Subject, read_subjects
from operators.catalogue import Catalogue, Offers, read_catalogue
from operators.data_rules import DataRules
from operators.last_used import LastUses

LARGEST = 20_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """What a key opens."""

    key_id: UUID
    deployment_id: UUID
    operator_id: UUID
    deployment_name: str
    configuration_id: UUID | None
    configuration_number: int
    configuration: Configuration
    charter: Charter
    offers: Offers
    scopes: frozenset[str]
    subjects: tuple[Subject, ...]
    """Who is held to limits: the key, the deployment, the operator."""
    data: DataRules
    tried_by: UUID | None = None
    """The member who tries the deployment in the playground; None for an app."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    key_id: UUID
    secret_hash: bytes
    revoked: bool
    expires_at: datetime | None
    scopes: frozenset[str]
    access: Access | None
    """None where the live settings do not fit the charter in force, or the deployment's secret cannot be opened: nobody
    may be answered then."""


_FIND = f"""
SELECT k.id, k.secret_hash, k.scopes, k.revoked_at IS NOT NULL, k.expires_at, d.id, d.operator_id, d.name,
       d.model_names, d.model_aliases, {data_rules.COLUMNS}, c.id, c.number, c.settings
FROM operators_key k
JOIN operators_deployment d ON d.id = k.deployment_id
{data_rules.FROM_JOIN}
LEFT JOIN operators_configuration c ON c.id = d.live_id
WHERE k.public_id = %s
"""  # noqa: S608 - made of constants


class Directory:
    """A bounded cache of keys by public id; unknown ids are remembered too, so guesses do not reach the database."""

    def __init__(self) -> None:
        self.uses = LastUses()
        self._charter = load_charter()
        self._keys: OrderedDict[str, KnownKey | None] = OrderedDict()
        self._generation = 0
        self._catalogue: Catalogue | None = None
        self._reading = asyncio.Lock()
        notices.subscribe(self._changed)

    async def find(self, public_id: str) -> KnownKey | None:
        try:
            self._keys.move_to_end(public_id)
            return self._keys[public_id]
        except KeyError:
            pass
        generation = self._generation
        async with database.pool().connection() as connection:
            row = await (await connection.execute(_FIND, (public_id,))).fetchone()
            if row and row[10] is None:
                await data_rules.make_secret(connection, row[5])
                row = await (await connection.execute(_FIND, (public_id,))).fetchone()
            subjects = await read_subjects(connection, key=row[0], deployment=row[5], operator=row[6]) if row else ()
        known = self._read(row, await self.catalogue(), subjects) if row else None
        # Something changed while we asked: what was read may be old, so it is used once and not kept.
        if generation == self._generation:
            self._keys[public_id] = known
            if len(self._keys) > LARGEST:
                self._keys.popitem(last=False)
        return known

    async def catalogue(self) -> Catalogue:
        """All models and upstreams, as they are now."""
        async with self._reading:
            if self._catalogue is not None:
                return self._catalogue
            generation = self._generation
            async with database.pool().connection() as connection:
                catalogue = await read_catalogue(connection)
            if generation == self._generation:
                self._catalogue = catalogue
            return catalogue

    def check_charter(self) -> None:
        """Another charter may have come into force: what was read by the old one is read anew."""
        charter = load_charter()
        if charter is not self._charter:
            self._charter = charter
            self._generation += 1
            self._keys.clear()

    def _read(self, row: tuple, catalogue: Catalogue, subjects: tuple[Subject, ...]) -> KnownKey:  # type: ignore[type-arg]
        key, secret_hash, scopes, revoked, expires_at, deployment, operator, name, names, aliases, *rest = row
        *data, configuration, number, settings = rest
        if isinstance(settings, str):
            settings = orjson.loads(settings)
        try:
            parsed = parse_configuration(self._charter, settings or {})
            rules = DataRules.read(deployment, *data)
        except SealError as error:
            log.error("deployment %s: its secret cannot be opened: %s", deployment, error)  # noqa: TRY400
            return KnownKey(key, bytes(secret_hash), revoked, expires_at, frozenset(scopes), None)
        except ConfigurationError as error:
            log.error("deployment %s: its live configuration does not fit the charter: %s", deployment, error)  # noqa: TRY400
            return KnownKey(key, bytes(secret_hash), revoked, expires_at, frozenset(scopes), None)
        access = Access(
            key,
            deployment,
            operator,
            name,
            configuration,
            number or 0,
            parsed,
            self._charter,
            catalogue.offers(operator, names, aliases),
            frozenset(scopes),
            subjects,
            rules,
        )
        return KnownKey(key, bytes(secret_hash), revoked, expires_at, access.scopes, access)

    def _changed(self, kind: str, subject: str) -> None:
        self._generation += 1
        if kind == "key":
            self._keys.pop(subject, None)
        elif kind in {"deployment", "limits", "models", "everything"}:
            self._keys.clear()
            if kind in {"models", "everything"}:
                self._catalogue = None
