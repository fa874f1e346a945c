"""Values held against the contract's schemas."""

from typing import Any

from jsonschema import Draft202012Validator

from conversations.api.contract.document import contract


def problems(schema: Any, value: Any) -> list[str]:
    """What is wrong with the value, each by its place; empty where nothing is."""
    whole = {**schema, "components": contract()["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message[:500]}" for error in validator.iter_errors(value)]
