"""The API's contract as a page: read from the very document that /v1/openapi.json serves, and without a script."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations.api.contract.document import contract

Part = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of an object. `kind` says what it may be, with links to the shapes it names."""

    name: str
    where: str
    needed: bool
    kind: SafeString
    words: SafeString


@dataclass(frozen=True)
class Answer:
    status: str
    words: SafeString
    bodies: list[tuple[str, SafeString, str]]
    """(media type, what it is, an example)"""
    headers: list[str]


@dataclass(frozen=True)
class Operation:
    anchor: str
    method: str
    path: str
    title: str
    words: SafeString
    parameters: list[Field]
    body: SafeString | None
    body_needed: bool
    examples: list[tuple[str, str]]
    """(name, JSON)"""
    answers: list[Answer]
    errors: list[Answer]


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    return render(request, "conversations/reference.html", {"info": contract()["info"], **_shown(get_language())})


@cache
def _shown(_language: str | None) -> dict[str, Any]:
    """groups: (tag, operations); shapes: (name, words, kind, fields). The contract does not change while we run."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in contract()["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(method.upper(), path, operation))
    shapes = [
        (name, _words(schema.get("description", "")), _kind(schema), list(_fields(schema)))
        for name, schema in sorted(contract()["components"]["schemas"].items())
    ]
    return {"groups": list(groups.items()), "shapes": shapes}


def _operation(method: str, path: str, operation: Part) -> Operation:
    body = operation.get("requestBody", {})
    asked = body.get("content", {}).get("application/json", {})
    answers = [_answer(status, _resolved(answer)) for status, answer in operation["responses"].items()]
    return Operation(
        anchor=operation["operationId"],
        method=method,
        path=path,
        title=operation["summary"],
        words=_words(operation["description"]),
        parameters=[_parameter(_resolved(one)) for one in operation.get("parameters", ())],
        body=_kind(asked["schema"]) if asked else None,
        body_needed=body.get("required", False),
        examples=[(one["summary"], _json(one["value"])) for one in asked.get("examples", {}).values()],
        answers=[one for one in answers if one.status < "4"],
        errors=[one for one in answers if one.status >= "4"],
    )


def _answer(status: str, answer: Part) -> Answer:
    bodies = [
        (kind, _kind(body["schema"]), body["example"] if isinstance(body["example"], str) else _json(body["example"]))
        for kind, body in answer.get("content", {}).items()
    ]
    return Answer(status, _words(answer["description"]), bodies, list(answer.get("headers", ())))


def _parameter(one: Part) -> Field:
    needed = one.get("required", False)
    return Field(one["name"], one["in"], needed, _kind(one["schema"]), _words(one["description"]))


def _fields(schema: Part) -> Iterator[Field]:
    for name, field in schema.get("properties", {}).items():
        needed = name in schema.get("required", ())
        yield Field(name, "", needed, _kind(field), _words(field.get("description", "")))


def _kind(schema: Part) -> SafeString:
    """What a schema lets through, in a few words. Empty text, which some parameters take for nothing, goes unsaid."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return format_html('<a href="#shape-{}">{}</a>', name, name)
    if "anyOf" in schema:
        return _joined(_(" or "), [_kind(one) for one in schema["anyOf"] if one.get("const") != ""])
    if "allOf" in schema:
        return _joined(_(" and "), [_kind(one) for one in schema["allOf"] if "$ref" in one])
    if "const" in schema:
        return _codes([schema["const"]])
    if "enum" in schema:
        return _codes(schema["enum"])
    return _typed(schema)


def _typed(schema: Part) -> SafeString:
    kinds = schema.get("type", _("anything"))
    kind = kinds if isinstance(kinds, str) else _(" or ").join(kinds)
    values = schema.get("additionalProperties")
    if kind == "array":
        return format_html(_("list of {}"), _kind(schema["items"]))
    if kind == "object" and schema.get("properties"):
        return format_html(_("object of {}"), _codes(schema["properties"]))
    if kind == "object" and isinstance(values, dict) and values:
        return format_html(_("object, each value: {}"), _kind(values))
    return conditional_escape(schema.get("format", kind))


def _codes(words: Iterable[str]) -> SafeString:
    return _joined(", ", [format_html("<code>{}</code>", word) for word in words if word])


def _joined(between: str, parts: list[SafeString]) -> SafeString:
    return format_html_join(between, "{}", ((part,) for part in parts))


def _words(text: str) -> SafeString:
    """What stands between backticks as code."""
    parts = enumerate(text.split("`"))
    return _joined("", [format_html("<code>{}</code>" if number % 2 else "{}", part) for number, part in parts])


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _resolved(part: Part) -> Part:
    if "$ref" not in part:
        return part
    _root, _components, kind, name = part["$ref"].split("/")
    found: Part = contract()["components"][kind][name]
    return found
