"""/v1/manage/data: what a deployment keeps, by API."""

import pytest

from audit.log.models import Entry


def test_settings_are_read_changed_in_part_and_noted_with_the_key(manager):
    assert manager.get("data") == {
        "type": "data_settings",
        "store_content": True,
        "retention_days": None,
        "redaction": "off",
        "region_note": "",
        "retention_runs": [],
    }
    changed = manager("PATCH", "data", {"retention_days": 30, "region_note": "Frankfurt"}).json()
    assert (changed["retention_days"], changed["region_note"], changed["store_content"]) == (30, "Frankfurt", True)
    assert manager("PATCH", "data", {"store_content": False}).json()["retention_days"] == 30
    assert manager("PATCH", "data", {"retention_days": None}).json()["retention_days"] is None
    entries = Entry.objects.filter(name="data_settings.changed")
    assert entries.count() == 3
    assert {entry.actor_type for entry in entries} == {"key"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"retention_days": 0}, "retention_days"),
        ({"retention_days": 3651}, "retention_days"),
        ({"retention_days": True}, "retention_days"),
        ({"store_content": "no"}, "store_content"),
        ({"redaction": "everywhere"}, "redaction"),
        ({"redaction": 1}, "redaction"),
        ({"region_note": "a\nb"}, "region_note"),
        ({"region_note": "x" * 501}, "region_note"),
        ({"secret": "x"}, "secret"),
    ],
)
def test_what_is_wrong_is_refused_by_its_field(manager, body, field):
    response = manager("PATCH", "data", body)
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith(field)


def test_a_key_without_the_scope_may_not(new_manager):
    manager = new_manager(scopes=["turns", "records"])
    assert manager("GET", "data").status_code == 403
    assert manager("PATCH", "data", {"store_content": False}).status_code == 403
