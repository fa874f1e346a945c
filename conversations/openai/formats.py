"""`response_format`: the form that an answer's text is to have."""

from typing import Any, NamedTuple

import orjson

from conversations.openai.checks import fields, filled, flag, one_of, text

JSON_OBJECT = (
    "Answer with a single JSON object and nothing else: no words before or after it and no code fence around it."
)


class Format(NamedTuple):
    """`schema`: for the model's structured output. `directive`: what the app's system says beside its own words."""

    schema: dict[str, Any] | None = None
    directive: str = ""

    @property
    def is_json(self) -> bool:
        return self.schema is not None or bool(self.directive)


def read_format(value: Any) -> Format:
    """Raises ApiError 400."""
    if value is None:
        return Format()
    where = "response_format"
    kind = one_of(fields(value, where).get("type"), f"{where}.type", ("text", "json_object", "json_schema"))
    if kind == "json_schema":
        return Format(_schema(fields(value.get("json_schema"), f"{where}.json_schema"), f"{where}.json_schema"))
    # A schema that any object fits is none that the Messages API takes, so this one is only asked for.
    return Format(directive=JSON_OBJECT) if kind == "json_object" else Format()


def _schema(described: dict[str, Any], where: str) -> dict[str, Any]:
    filled(described.get("name"), f"{where}.name")
    schema, strict = fields(described.get("schema"), f"{where}.schema"), described.get("strict")
    if strict is None or not flag(strict, f"{where}.strict"):
        schema = _closed(schema)
    told = described.get("description")
    if told is not None and text(told, f"{where}.description") and "description" not in schema:
        schema = {**schema, "description": told}
    return schema


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """With every object held to the properties it names, as structured output demands.

    What fits this fits the schema as it was: it only allows less.
    """
    copy = orjson.loads(orjson.dumps(schema))
    level: list[Any] = [copy]
    while level:
        for part in level:
            if _is_open(part):
                part["additionalProperties"] = False
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return copy


def _is_open(part: Any) -> bool:
    is_object = isinstance(part, dict) and part.get("type") == "object" and isinstance(part.get("properties"), dict)
    return is_object and part.get("additionalProperties", True) is True
