"""The document as a whole, made by drf-spectacular from the URLconf and what is said of each route."""

from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from conversations.api.contract import (
    appeals,
    batches,
    chat,
    conversations,
    decisions,
    manage_configurations,
    manage_data,
    manage_deployment,
    manage_keys,
    messages,
    models,
    receipts,
    service,
    shared,
    users,
)
from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import Part

RESOURCES = (
    messages,
    chat,
    models,
    batches,
    conversations,
    decisions,
    receipts,
    users,
    appeals,
    manage_deployment,
    manage_data,
    manage_configurations,
    manage_keys,
    service,
)
OPERATIONS: dict[tuple[str, str], Operation] = {
    at: operation for resource in RESOURCES for at, operation in resource.OPERATIONS.items()
}


class Document(NamedTuple):
    """`etag` names the bytes, in quotes as the header has it."""

    raw: bytes
    etag: str


class NotDescribedError(Exception):
    """A route is served of which the contract says nothing."""


class ContractSchema(AutoSchema):
    """Says of a route what the contract says of it."""

    def get_operation(self, path: str, _regex: str, _prefix: str, method: str, _registry: Any) -> Part:
        operation = OPERATIONS.get((path, method))
        if operation is None:
            raise NotDescribedError(f"conversations/api/contract says nothing of {method} {path}")
        return operation.written()


class ContractGenerator(SchemaGenerator):
    """Adds what the operations refer to, and puts them in the contract's order."""

    def get_schema(self, request: Any = None, public: bool = False) -> Part:
        made: Part = super().get_schema(request, public)
        schemas = {name: schema for resource in RESOURCES for name, schema in resource.SCHEMAS.items()}
        made["components"] = {
            "securitySchemes": shared.SECURITY_SCHEMES,
            "schemas": {**shared.SCHEMAS, **schemas},
            "parameters": shared.PARAMETERS,
            "headers": shared.HEADERS,
            "responses": shared.RESPONSES,
        }
        made["paths"] = {
            path: {
                method: made["paths"][path][method]
                for method in ("get", "put", "post", "patch", "delete")
                if method in made["paths"][path]
            }
            for path in dict.fromkeys(path for path, _ in OPERATIONS)
            if path in made["paths"]
        }
        return made


@cache
def contract() -> Part:
    """Not to be changed by whoever reads it. Takes some tenths of a second the first time."""
    made: Part = ContractGenerator(urlconf="config.api_urls").get_schema(public=True)
    return made


@cache
def document() -> Document:
    raw = orjson.dumps(contract())
    return Document(raw, f'"{sha256(raw).hexdigest()[:32]}"')
