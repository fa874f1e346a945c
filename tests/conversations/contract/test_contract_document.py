"""The contract is a valid document, describes each route and no other, and its examples are what it says."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import URLPattern
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from config import api_urls
from conversations.api.contract.document import OPERATIONS, ContractGenerator, NotDescribedError, contract
from conversations.api.messages import MessagesView
from conversations.api.views import NotFoundView
from tests.conversations.contract.validating import problems


def test_the_document_is_valid():
    assert [error.message for error in OpenAPIV31SpecValidator(contract()).iter_errors()] == []


def routes(patterns: Any) -> Iterator[type]:
    """The view of each route, in each of its methods."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern.callback


def test_each_route_is_described_and_no_other():
    served = []
    for view in routes(get_resolver("config.api_urls").url_patterns):
        assert hasattr(view, "cls"), f"{view} is not described"
        if view.cls is not NotFoundView:
            served += [method for method in ("get", "put", "post", "patch", "delete") if hasattr(view.cls, method)]
    described = [(path, method.upper()) for path, methods in contract()["paths"].items() for method in methods]
    assert len(served) == len(described)
    assert sorted(described) == sorted(OPERATIONS)


def test_a_route_that_nobody_described_is_told():
    from django.urls import path

    patterns = [*api_urls.urlpatterns[:-1], path("v1/new", MessagesView.as_view())]
    with pytest.raises(NotDescribedError, match="POST /v1/new"):
        ContractGenerator(patterns=patterns).get_schema(public=True)


def bodies() -> Iterator[tuple[str, Any, Any]]:
    """(where, schema, example) of each body of a request or an answer."""
    parts = [("components", contract()["components"])]
    parts += [(f"{method} {path}", op) for path, ms in contract()["paths"].items() for method, op in ms.items()]
    for where, part in parts:
        answers = part["responses"]
        for status, answer in [*answers.items(), ("request", part.get("requestBody", {}))]:
            for kind, body in answer.get("content", {}).items():
                examples = [one["value"] for one in body.get("examples", {}).values()]
                examples += [body["example"]] if "example" in body else []
                for number, example in enumerate(examples):
                    yield f"{where} {status} {kind} {number}", body["schema"], example
                if not examples:
                    yield f"{where} {status} {kind} has no example", {"not": {}}, None


@pytest.mark.parametrize(("schema", "example"), [pytest.param(*rest, id=where) for where, *rest in bodies()])
def test_an_example_is_what_its_schema_says(schema, example):
    assert problems(schema, example) == []


def parameters() -> Iterator[tuple[str, Any]]:
    for path, methods in contract()["paths"].items():
        for method, operation in methods.items():
            for one in operation.get("parameters", ()):
                yield f"{method} {path} {one.get('name')}", one
    for name, one in contract()["components"]["parameters"].items():
        yield name, one


@pytest.mark.parametrize("one", [pytest.param(one, id=where) for where, one in parameters() if "example" in one])
def test_a_parameters_example_is_what_its_schema_says(one):
    assert problems(one["schema"], one["example"]) == []


def test_each_schema_is_one_and_is_referred_to():
    written = repr(contract())
    for name, schema in contract()["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert f"'#/components/schemas/{name}'" in written, f"nobody refers to {name}"


def test_it_is_served_once_and_named_by_an_etag(web):
    first = httpx2.get(f"{web}/v1/openapi.json")
    assert first.headers["content-type"] == "application/json"
    assert first.json() == contract()
    again = httpx2.get(f"{web}/v1/openapi.json", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert httpx2.get(f"{web}/v1/openapi.json", headers={"if-none-match": '"other"'}).status_code == 200
