"""A deployment's audit trail through the API."""

import pytest

from audit.log.models import Entry
from operators.keys import create_key, revoke_key
from operators.limits import change_limits


def names(told) -> list[str]:
    return [entry["name"] for entry in told["data"]]


def test_what_was_done_to_a_deployment_is_listed_newest_first(manager):
    key, _ = create_key(manager.deployment, "One", by=None)
    change_limits(manager.deployment, {"requests": 50}, by=None, set_by="operator")
    revoke_key(key, by=None)
    told = manager.get("entries")
    assert names(told)[:3] == ["key.revoked", "limits.changed", "key.created"]
    first = told["data"][0]
    entry = Entry.objects.get(pk=first["id"])
    assert (first["subject"], first["actor"]["type"]) == ({"type": "key", "id": str(key.pk)}, "platform")
    assert first["detail"] == entry.detail
    assert names(manager.get("entries", name="key.revoked")) == ["key.revoked"]
    assert names(manager.get("entries", subject=f"key:{key.pk}")) == ["key.revoked", "key.created"]


def test_it_comes_in_pages(manager):
    for number in range(5):
        create_key(manager.deployment, f"Key {number}", by=None)
    seen, after = [], ""
    while True:
        told = manager.get("entries", limit=2, after_id=after, name="key.created")
        seen += [entry["detail"]["name"] for entry in told["data"]]
        after = told["last_id"]
        if not told["has_more"]:
            break
    assert seen[:5] == [f"Key {number}" for number in reversed(range(5))]


def test_another_deployment_of_the_same_operator_is_not_there(manager):
    sibling = manager.deployment.operator.deployments.create(name="Sibling")
    create_key(sibling, "Zanzibar", by=None)
    change_limits(sibling, {"requests": 50}, by=None, set_by="operator")
    told = manager.get("entries", limit=100)
    assert "Zanzibar" not in str(told)
    assert str(sibling.pk) not in str(told)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"name": "key.dreamt"}, "name"),
        ({"subject": "key"}, "subject"),
        ({"subject": "key:\0"}, "subject"),
        ({"after_id": "x"}, "after_id"),
        ({"limit": "0"}, "limit"),
        ({"nam": "x"}, "nam"),
    ],
)
def test_what_cannot_be_asked_is_a_400_that_names_it(manager, query, word):
    answer = manager("GET", "entries", params=query)
    assert answer.status_code == 400
    assert word in answer.json()["error"]["message"]


def test_a_key_without_the_scope_is_refused(new_manager):
    assert new_manager(scopes=["turns", "records"])("GET", "entries").status_code == 403
