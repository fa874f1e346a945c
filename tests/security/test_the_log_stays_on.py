"""Nobody can switch the audit log off, stewards included: no setting, no page, no command, no statement."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.management import get_commands
from django.db import connection, transaction
from django.test import override_settings
from django.urls import get_resolver

from audit.log.models import Entry
from audit.log.names import Name
from audit.log.writer import write
from config import settings as own
from tests.conversations.test_isolation import filled, patterns
from tests.operators.accounts_help import steward

ROOT = Path(__file__).resolve().parents[2]
SWITCHES = sorted(name for name in dir(own) if name.isupper() and isinstance(getattr(own, name), bool))


def wrote() -> bool:
    before = Entry.objects.count()
    write(Name.PAUSE_PLACED, actor=("account", "x"), subject=("platform", "platform"))
    return Entry.objects.count() == before + 1


@pytest.mark.django_db
@pytest.mark.parametrize("switch", SWITCHES)
def test_no_switch_of_the_settings_stops_an_entry(switch):
    with override_settings(**{switch: not getattr(settings, switch)}):
        assert wrote()


def test_the_log_reads_no_setting_that_could_stop_it():
    read = set()
    for path in (ROOT / "audit" / "log").rglob("*.py"):
        if "migrations" not in path.parts:
            read |= set(re.findall(r"settings\.([A-Z_]+)", path.read_text(encoding="utf-8")))
    assert read
    assert not [name for name in read if isinstance(getattr(settings, name, None), bool)]


def test_no_command_of_ours_speaks_of_stopping_it():
    ours = {name for name, app in get_commands().items() if not str(app).startswith(("django", "allauth", "rest_fr"))}
    assert "pause" in ours
    assert not [name for name in ours if re.search("disable|stop|off|purge|clear|truncate", name)]


def test_the_admin_knows_nothing_of_the_log():
    tables = set(apps.get_app_config("audit_log").get_models())
    assert tables
    assert not tables & set(admin.site._registry)


@pytest.mark.django_db
def test_no_page_that_a_steward_posts_to_takes_an_entry_away():
    _, client = steward()
    assert wrote()
    kept = set(Entry.objects.values_list("pk", flat=True))
    values = dict.fromkeys(("operator_id", "deployment_id", "pause_id"), "00000000-0000-0000-0000-000000000000")
    for route, one in patterns(get_resolver("config.urls")):
        if "<" in route or one.callback.__module__.startswith("allauth"):
            continue
        client.post(filled(route, values), {"reason": "x", "confirmed": "yes", "subject": "platform:"})
    assert kept <= set(Entry.objects.values_list("pk", flat=True))
    assert wrote()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM audit_log_entry", "UPDATE audit_log_entry SET name = 'x'", "DELETE FROM audit_log_leaf"],
)
def test_the_database_refuses_what_would_take_an_entry_away(statement):
    assert wrote()
    with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.exists()
