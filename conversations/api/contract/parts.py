"""Words to write the contract with: schemas, answers and operations as plain OpenAPI objects."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Part = dict[str, Any]

JSON, STREAM, LINES = "application/json", "text/event-stream", "application/x-jsonl"
TIME: Part = {"type": "string", "format": "date-time"}
ID: Part = {"type": "string", "format": "uuid"}
TEXT: Part = {"type": "string"}
COUNT: Part = {"type": "integer", "minimum": 0}
FLAG: Part = {"type": "boolean"}
DIGEST: Part = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
ANYTHING: Part = {}


class Shown(NamedTuple):
    """A body in one media type, and what it may look like."""

    schema: Part
    example: Any
    kind: str = JSON


def ref(name: str) -> Part:
    return {"$ref": f"#/components/schemas/{name}"}


def told(schema: Part, description: str) -> Part:
    return {**schema, "description": description}


def text(description: str = "", **rules: Any) -> Part:
    return {"type": "string", **({"description": description} if description else {}), **rules}


def one_of(*words: str, description: str = "") -> Part:
    return {"type": "string", "enum": list(words), **({"description": description} if description else {})}


def constant(word: str) -> Part:
    return {"type": "string", "const": word}


def events(description: str, *names: str) -> Part:
    """A stream of server-sent events: as text, or as its reader has them, one by one. names: of those with a name."""
    fields = {"event": one_of(*names) if names else constant("message"), "data": TEXT}
    return {"type": ["string", "object"], "description": description, "properties": fields, "required": ["data"]}


def lines(schema: Part) -> Part:
    """Text, of which each line is JSON of the schema."""
    return {"type": "string", "description": "Lines of JSON.", "contentMediaType": LINES, "contentSchema": schema}


def nullable(schema: Part) -> Part:
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Part, **rules: Any) -> Part:
    return {"type": "array", "items": schema, **rules}


def each(schema: Part, description: str = "") -> Part:
    """An object whose every value is of the schema."""
    return {"type": "object", "additionalProperties": schema, **({"description": description} if description else {})}


def obj(properties: Mapping[str, Part], *, optional: Iterable[str] = (), more: bool = False, about: str = "") -> Part:
    """An object. more: it may hold what is not described, which passes or is left as it is."""
    required = [name for name in properties if name not in set(optional)]
    return {
        "type": "object",
        **({"description": about} if about else {}),
        "properties": dict(properties),
        **({"required": required} if required else {}),
        "additionalProperties": more,
    }


def asked(properties: Mapping[str, Part], *, required: Iterable[str] = (), more: bool = False, about: str = "") -> Part:
    """A request's body, where most is optional."""
    return obj(properties, optional=properties.keys() - set(required), more=more, about=about)


def page_of(schema: Part, *, by: Part = TEXT) -> Part:
    """A page of a list, in the shape of the Messages API's own lists."""
    return obj(
        {
            "data": many(schema),
            "has_more": told(FLAG, "Whether there is more in the direction that was asked for."),
            "first_id": nullable(by),
            "last_id": nullable(by),
        }
    )


def parameter(name: str, schema: Part, description: str, *, where: str = "query", example: Any = None) -> Part:
    made = {"name": name, "in": where, "description": description, "schema": schema}
    if where == "path":
        made["required"] = True
    return made if example is None else {**made, "example": example}


def query(name: str, schema: Part, description: str, *, example: Any = None) -> Part:
    """A parameter of the query that counts as not there where it is empty."""
    return parameter(name, {"anyOf": [schema, constant("")]}, description, example=example)


def shared(name: str) -> Part:
    """One of the parameters that many operations take (shared.py)."""
    return {"$ref": f"#/components/parameters/{name}"}


def content(*bodies: Shown) -> Part:
    return {body.kind: {"schema": body.schema, "example": body.example} for body in bodies}


def takes(schema: Part, *, required: bool = True, **examples: Any) -> Part:
    """A request's body. examples: by a name, with underscores for spaces."""
    named = {name: {"summary": name.replace("_", " "), "value": value} for name, value in examples.items()}
    return {"required": required, "content": {JSON: {"schema": schema, "examples": named}}}


def answer(description: str, *bodies: Shown, headers: Iterable[str] = ()) -> Part:
    names = ("request-id", *headers)
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        **({"content": content(*bodies)} if bodies else {}),
    }
