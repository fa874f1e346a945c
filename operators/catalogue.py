"""What a key may ask for: models by name, and for each the upstreams that serve it, in order of preference.

The rows of the database and the one model that the process's environment names (ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY,
PLUMBLINE_UPSTREAM_MODEL) make one catalogue, read as a whole and shared by all keys of the process.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from config.sealing import SealError, unseal
from operators.models.catalogue import seal_context

OFFICIAL = "https://api.anthropic.com"
ENVIRONMENT = "environment"
DEFAULT = "default"
"""What an app may call the environment's model whatever its name."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An upstream to talk to. `operator_id` is None for the platform's."""

    id: str
    name: str
    base_url: str
    api_key: str = field(repr=False)
    operator_id: UUID | None = None

    def url(self, path: str) -> str:
        """Where `path` of the API is, e.g. "messages"; some people write the /v1 into the address."""
        return f"{self.base_url.removesuffix('/v1')}/v1/{path}"


@dataclass(frozen=True, slots=True)
class Route:
    """An upstream, and the name it knows a model by."""

    endpoint: Endpoint
    model: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A request field that a model cannot take: dropped, or the request `refused`; `word` tells the app why."""

    field: str
    refused: bool
    word: str


@dataclass(frozen=True, slots=True)
class Prices:
    """Per million tokens; None where not known."""

    input: Decimal | None = None
    output: Decimal | None = None
    cache_write: Decimal | None = None
    cache_read: Decimal | None = None

    @property
    def known(self) -> bool:
        return self.input is not None and self.output is not None

    def cost(self, *, input: int, output: int, cache_write: int, cache_read: int) -> Decimal:  # noqa: A002 - as above
        """Of so many tokens, rounded up to a billionth. What has no price costs nothing; the cache's is the input's."""
        plain = self.input or Decimal(0)
        write, read = (plain if price is None else price for price in (self.cache_write, self.cache_read))
        whole = input * plain + output * (self.output or Decimal(0)) + cache_write * write + cache_read * read
        return (whole / 1_000_000).quantize(Decimal("1e-9"), ROUND_CEILING)


@dataclass(frozen=True, slots=True)
class Offer:
    """A model as one deployment may use it. `routes`: never empty, the most preferred first."""

    name: str
    routes: tuple[Route, ...]
    display_name: str = ""
    created_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    lifecycle: str = "active"
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    prices: Prices = Prices()
    rules: tuple[Rule, ...] = ()
    poor_judgment: bool = False

    def name_at(self, endpoint: Endpoint) -> str | None:
        return next((route.model for route in self.routes if route.endpoint.id == endpoint.id), None)


@dataclass(frozen=True, slots=True)
class Offers:
    """The models of one deployment. `listed`: by the names that are shown; more names may be understood."""

    listed: Mapping[str, Offer] = field(default_factory=dict)
    understood: Mapping[str, Offer] = field(default_factory=dict)
    restricted: bool = False
    """Whether the deployment names the models it may use."""

    def find(self, name: str) -> Offer | None:
        return self.listed.get(name) or self.understood.get(name)

    def without(self, models: Collection[str]) -> "Offers":
        """Less these models, by whatever name they are asked for; they may then not be used."""
        if not models:
            return self
        left = [
            {name: offer for name, offer in known.items() if offer.name not in models}
            for known in (self.listed, self.understood)
        ]
        return Offers(*left, restricted=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue; `routes` lead to every upstream that serves it, whoever's it is."""

    offer: Offer
    aliases: tuple[str, ...]


class Catalogue:
    """Immutable. `endpoints` in order of preference among the platform's, or among one operator's."""

    def __init__(self, entries: Iterable[Entry], endpoints: Iterable[Endpoint]) -> None:
        self.endpoints = tuple(endpoints)
        self._entries = sorted(entries, key=lambda entry: entry.offer.created_at, reverse=True)
        self._plain: dict[UUID | None, Offers] = {}

    def offers(self, operator_id: UUID, names: list[str], aliases: Mapping[str, str]) -> Offers:
        """What a deployment may use. names: the models it is held to, none for all; aliases: its own further names."""
        owner = operator_id if any(endpoint.operator_id == operator_id for endpoint in self.endpoints) else None
        if owner not in self._plain:
            self._plain[owner] = self._reached_by(owner)
        plain = self._plain[owner]
        if not names and not aliases:
            return plain
        allowed = {offer.name for offer in plain.listed.values() if not names or offer.name in names}
        listed = {name: offer for name, offer in plain.listed.items() if offer.name in allowed}
        own = {alias: offer for alias, name in aliases.items() if (offer := plain.find(name)) and offer.name in allowed}
        understood = {name: offer for name, offer in plain.understood.items() if offer.name in allowed}
        return Offers(listed | own, understood, restricted=bool(names))

    def names(self) -> list[str]:
        """Of all models, sorted."""
        return sorted(entry.offer.name for entry in self._entries)

    def _reached_by(self, owner: UUID | None) -> Offers:
        listed, understood = {}, {}
        for entry in self._entries:
            own = [route for route in entry.offer.routes if owner and route.endpoint.operator_id == owner]
            shared = [route for route in entry.offer.routes if route.endpoint.operator_id is None]
            if own or shared:
                offer = replace(entry.offer, routes=(*own, *shared))
                listed[offer.name] = offer
                understood |= dict.fromkeys(entry.aliases, offer)
        return Offers(listed, understood)


_UPSTREAMS = """
SELECT id, operator_id, name, base_url, sealed_key FROM operators_upstream WHERE enabled ORDER BY position, name
"""
_MODELS = """
SELECT id, name, aliases, display_name, created_at, lifecycle, deprecated_at, retires_at, max_input_tokens, max_tokens,
       input_price, output_price, cache_write_price, cache_read_price, poor_judgment
FROM operators_model ORDER BY name
"""
_ROUTES = "SELECT model_id, upstream_id, name FROM operators_modelroute"
_RULES = "SELECT model_id, field, action, word FROM operators_fieldrule ORDER BY field"


_QUERIES = (_UPSTREAMS, _MODELS, _ROUTES, _RULES)


async def read_catalogue(connection: AsyncConnection[TupleRow]) -> Catalogue:
    return _assemble(*[await (await connection.execute(query)).fetchall() for query in _QUERIES])  # type: ignore[arg-type]


def catalogue_now() -> Catalogue:
    """The same, read through Django's connection: for pages and management, not for turns."""
    found = []
    with connection.cursor() as cursor:
        for query in _QUERIES:
            cursor.execute(query)
            found.append(cursor.fetchall())
    return _assemble(*found)


def _assemble(
    upstreams: list[TupleRow], models: list[TupleRow], routes: list[TupleRow], field_rules: list[TupleRow]
) -> Catalogue:
    endpoints = [endpoint for row in upstreams if (endpoint := _endpoint(*row)) is not None]
    environment = environment_endpoint()
    if environment is not None:
        endpoints.append(environment)
    names: dict[UUID, dict[str, str]] = defaultdict(dict)
    for model, upstream, name in routes:
        names[model][str(upstream or ENVIRONMENT)] = name
    rules: dict[UUID, list[Rule]] = defaultdict(list)
    for model, path, action, word in field_rules:
        rules[model].append(Rule(path, action == "refuse", word))
    entries = [_entry(row, endpoints, names[row[0]], rules[row[0]]) for row in models]
    if environment is not None:
        entries = _with_environment(entries, environment)
    return Catalogue(entries, endpoints)


def environment_endpoint() -> Endpoint | None:
    """The upstream that the environment names, if it names any."""
    if not (settings.ANTHROPIC_BASE_URL or settings.ANTHROPIC_API_KEY):
        return None
    return Endpoint(
        id=ENVIRONMENT,
        name=ENVIRONMENT,
        base_url=(settings.ANTHROPIC_BASE_URL or OFFICIAL).rstrip("/"),
        api_key=settings.ANTHROPIC_API_KEY,
    )


def _endpoint(
    upstream_id: UUID, operator_id: UUID | None, name: str, base_url: str, sealed: bytes | None
) -> Endpoint | None:
    """None where the key cannot be opened: nothing is sent without it."""
    try:
        key = unseal(bytes(sealed), seal_context(upstream_id, base_url)) if sealed is not None else ""
    except SealError as error:
        log.error("upstream %s (%s) is left out, its key cannot be opened: %s", name, upstream_id, error)  # noqa: TRY400
        return None
    return Endpoint(str(upstream_id), name, base_url.rstrip("/"), key, operator_id)


def _entry(row: TupleRow, endpoints: list[Endpoint], names: dict[str, str], rules: list[Rule]) -> Entry:
    _id, name, aliases, display_name, created_at, lifecycle, deprecated, retires, longest_input, longest, *rest = row
    *prices, poor_judgment = rest
    if isinstance(aliases, str):  # Django's connection hands JSON over as text
        aliases = orjson.loads(aliases)
    offer = Offer(
        name=name,
        routes=tuple(Route(endpoint, names[endpoint.id]) for endpoint in endpoints if endpoint.id in names),
        display_name=display_name,
        created_at=created_at,
        lifecycle=lifecycle,
        deprecated_at=deprecated,
        retires_at=retires,
        max_input_tokens=longest_input,
        max_tokens=longest,
        prices=Prices(*prices),
        rules=tuple(rules),
        poor_judgment=poor_judgment,
    )
    return Entry(offer, tuple(alias for alias in aliases if isinstance(alias, str)))


def _with_environment(entries: list[Entry], endpoint: Endpoint) -> list[Entry]:
    """With the environment's model, which a row of its name may describe and route elsewhere first."""
    name = settings.UPSTREAM_MODEL
    entry = next((entry for entry in entries if entry.offer.name == name), Entry(Offer(name, ()), ()))
    entries = [other for other in entries if other is not entry]
    offer, aliases = entry.offer, entry.aliases
    if offer.name_at(endpoint) is None:
        offer = replace(offer, routes=(*offer.routes, Route(endpoint, name)))
    if not any(DEFAULT in other.aliases or other.offer.name == DEFAULT for other in entries):
        aliases = (*aliases, DEFAULT)
    entries.append(Entry(offer, aliases))
    if settings.UPSTREAM_JUDGMENT == "poor":
        entries = [
            replace(one, offer=replace(one.offer, poor_judgment=True)) if one.offer.name_at(endpoint) else one
            for one in entries
        ]
    return entries
