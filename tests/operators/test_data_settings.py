"""The page of a deployment's data settings, and the same through the management API."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.log.models import Entry
from conversations.models import RetentionRun
from operators.models import DataSettings, Deployment, Operator
from tests.operators.accounts_help import member

pytestmark = pytest.mark.django_db

SAID = {"store_content": "on", "retention_days": "30", "redaction": "storage", "region_note": "Frankfurt"}


@pytest.fixture
def deployment() -> Deployment:
    return Operator.objects.create(name="Acme").deployments.create(name="App")


def enter(deployment: Deployment, role: str) -> tuple[Client, str]:
    return member(deployment.operator, role, f"{role}@acme.example")[1], reverse(
        "deployment-data", args=[deployment.pk]
    )


@pytest.mark.parametrize("role", ["owner", "developer"])
def test_a_change_takes_hold_and_is_an_entry_with_before_and_after(deployment, role):
    client, path = enter(deployment, role)
    assert client.post(path, SAID).status_code == 302
    row = DataSettings.objects.get()
    assert (row.store_content, row.retention_days, row.redaction, row.region_note) == (True, 30, "storage", "Frankfurt")
    entry = Entry.objects.get(name="data_settings.changed")
    assert entry.subject_id == str(deployment.pk)
    before = {"store_content": True, "retention_days": None, "redaction": "off", "region_note": ""}
    after = {"store_content": True, "retention_days": 30, "redaction": "storage", "region_note": "Frankfurt"}
    assert (entry.detail["before"], entry.detail["after"]) == (before, after)
    assert client.post(path, SAID).status_code == 302
    assert Entry.objects.filter(name="data_settings.changed").count() == 1
    assert b"Frankfurt" in client.get(path).content


def test_an_analyst_reads_and_changes_nothing(deployment):
    client, path = enter(deployment, "analyst")
    page = client.get(path)
    assert page.status_code == 200
    assert b"owners and developers change it" in page.content
    assert client.post(path, SAID).status_code == 403
    assert not Entry.objects.filter(name="data_settings.changed").exists()


@pytest.mark.parametrize("days", ["0", "-1", "3651", "thirty", "99999999999999"])
def test_an_error_stands_by_its_field_and_nothing_is_lost(deployment, days):
    client, path = enter(deployment, "owner")
    page = client.post(path, SAID | {"retention_days": days}).content.decode()
    assert "id_retention_days_error" in page
    assert f'value="{days}"' in page
    assert "Frankfurt" in page
    assert DataSettings.objects.get().retention_days is None


def test_the_page_tells_what_retention_removed(deployment):
    client, path = enter(deployment, "owner")
    assert b"Nothing so far" in client.get(path).content
    RetentionRun.objects.create(deployment=deployment, days=30, turns=1234, conversations=5)
    assert b"1,234" in client.get(path).content


def test_the_secret_of_digests_survives_a_change(deployment):
    client, path = enter(deployment, "owner")
    client.get(path)
    before = bytes(DataSettings.objects.get().wrapped_secret)
    client.post(path, SAID)
    assert bytes(DataSettings.objects.get().wrapped_secret) == before
