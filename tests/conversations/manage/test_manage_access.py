"""Who manages what: a key with the scope its own deployment, and nothing that is sent is a fault of ours."""

import uuid
from itertools import product

import pytest

from operators.keys import create_key
from operators.models import Deployment, Operator
from operators.publishing import publish

READS = ["deployment", "configurations", "configurations/live", "configurations/1", "draft", "keys", "usage"]
CHANGES = [
    ("PATCH", "deployment"),
    ("POST", "apply"),
    ("PUT", "draft"),
    ("POST", "configurations"),
    ("POST", "configurations/validate"),
    ("POST", "configurations/1/roll_back"),
    ("POST", "keys"),
    ("POST", f"keys/{uuid.UUID(int=0)}/rotate"),
    ("POST", f"keys/{uuid.UUID(int=0)}/revoke"),
]
ENDPOINTS = [*(("GET", path) for path in READS), *CHANGES]
HOSTILE = [
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"{",
    b'{"settings": "x", "models": 5, "name": 5, "note": {}, "over": "1", "scopes": 1}',
    b'{"settings": [[]]}',
    b'{"settings": {"\\u0000": 1}}',
    b'{"settings": {"scope": {"allowed": [{"name": "\\u0000", "examples": 7}, 5, null]}}}',
    b'{"settings": {"behaviours": {"crude_language": "on", "\\u0000": []}}}',
    b'{"settings": {"instructions": "\\ud800"}}',
    b'{"settings": {"instructions": "a\\u0000b"}}',
    b'{"settings": {"instructions": 1e999}}',
    b'{"settings": {"instructions": 123456789012345678901234567890}}',
    b'{"settings": ' + b'{"scope":' * 5000 + b"1" + b"}" * 5001,
    b'{"settings": ' + b"[" * 5000,
    b'{"settings": {' + b",".join(b'"k%d": 1' % i for i in range(5000)) + b"}}",
    b'{"name": "a\\u0000b"}',
    b'{"name": "a\\nb"}',
    b'{"name": "' + b"x" * 100_000 + b'"}',
    b'{"name": "x", "expires_at": "\\u0000"}',
    b'{"note": "\\u0000", "settings": {}}',
    b'{"over": 99999999999999999999999, "settings": {}}',
    b'{"over": -1, "settings": {}}',
    b'{"over": true, "settings": {}}',
    b'{"models": {"allowed": [1, null, "\\u0000", {}], "aliases": {"\\u0000": "x", "a b": [], "c": null}}}',
    b'{"models": {"allowed": {}, "aliases": []}}',
    b'{"models": [], "settings": {}}',
    b'{"overlap_hours": 1e400}',
    b'{"overlap_hours": 1000000}',
    b'{"itself": "yes"}',
    b'{"settings": {}, "surprise": 1}',
    b"\xff\xfe",
    b" " * 2_000_000,
]
QUERIES = [
    "limit=0",
    "limit=1e3",
    "limit=%00",
    "limit=99999999999999999999",
    "after_id=%00",
    "after_id=-1",
    "after_id=%D9%A3",
    "from=%00",
    "from=0001-01-01",
    "from=9999-12-31T23:59:59-23:59",
    "to=-5",
    "from=2027-01-02&to=2027-01-01",
    "from=2000-01-01",
    "by=%00",
    "by=hour&from=2020-01-01",
    "split=secret",
    "key=%00",
    "key=1",
    "model=%00",
    "model=" + "x" * 500,
]


@pytest.mark.parametrize("scopes", [["turns"], ["records"], ["turns", "records"]])
def test_a_key_without_the_scope_manages_nothing(new_manager, scopes):
    without = new_manager(scopes=scopes)
    for method, path in ENDPOINTS:
        response = without(method, path)
        assert response.status_code == 403, path
        assert response.json()["error"]["message"] == "this key may not do that: it lacks the scope 'manage'"


def test_without_a_key_nothing_is_told(manager):
    for method, path in ENDPOINTS:
        response = manager(method, path, headers={"x-api-key": ""})
        assert (response.status_code, response.json()["error"]["type"]) == (401, "authentication_error"), path
        assert response.headers["request-id"]


def test_a_key_reaches_no_other_deployment_of_its_operator_nor_of_another(manager):
    for operator in (manager.deployment.operator, Operator.objects.create(name="Other")):
        other = Deployment.objects.create(operator=operator, name="Not yours")
        publish(other, {}, by=None)
        publish(other, {"instructions": "hidden"}, by=None)
        key, _ = create_key(other, "theirs", by=None)
        for method, path in [("GET", ""), ("POST", "/rotate"), ("POST", "/revoke")]:
            response = manager(method, f"keys/{key.pk}{path}")
            assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found_error")
        assert manager("GET", f"keys?after_id={key.pk}").status_code == 400
        assert manager.get("usage", key=str(key.pk))["total"]["turns"] == 0
        key.refresh_from_db()
        assert (key.state, key.replaced_by_id) == ("active", None)
    assert manager("GET", "configurations/2").status_code == 404
    seen = "".join(manager("GET", path).text for path in READS)
    assert "hidden" not in seen
    assert "Not yours" not in seen
    assert "theirs" not in seen


def test_whatever_is_sent_is_answered_with_its_fault(manager):
    for (method, path), body in product(CHANGES, HOSTILE):
        response = manager(method, path, content=body)
        assert response.status_code < 500, (body[:100], response.text)
        if response.status_code >= 400:
            told = response.json()
            assert (told["type"], bool(told["error"]["message"])) == ("error", True), body[:100]
            assert len(response.content) < 100_000


def test_whatever_is_asked_is_answered_with_its_fault(manager):
    for path, query in product(READS, QUERIES):
        response = manager("GET", f"{path}?{query}")
        assert response.status_code < 500, (query, response.text)
        if response.status_code >= 400:
            assert query.split("=")[0] in response.json()["error"]["message"] or response.status_code == 404


def test_strange_names_of_things_are_not_found(manager):
    names = ["%00", "..", "%2e%2e%2f", "-1", "1e1", "%F0%9F%98%80", "x" * 3000, "%ff"]
    for path, name in product(["keys/{}", "configurations/{}", "configurations/{}/differences"], names):
        assert manager("GET", path.format(name)).status_code in {404, 400}


def test_a_method_that_is_not_served_is_told(manager):
    response = manager("DELETE", "keys")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
