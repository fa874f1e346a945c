"""manage.py rotate_master_key: keys are wrapped anew, content stays; and where master keys come from."""

import sys
from io import StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from audit.log.models import Entry
from config import master_keys
from config.sealing import SealError, is_current
from conversations.models import DataKey, Turn
from operators.models import DataSettings
from operators.webhooks.endpoints import create_webhook
from tests.conversations.records import ask

NEW = "n" * 48


def rotate() -> str:
    out = StringIO()
    call_command("rotate_master_key", stdout=out)
    return out.getvalue()


def test_a_rotation_wraps_keys_anew_and_leaves_content_as_it_is(api, settings):
    ask(api, "[[say:First.]]", "anna")
    ask(api, "hello", "ben")
    old, before = settings.MASTER_KEYS, list(Turn.objects.order_by("id").values_list("content", flat=True))
    settings.MASTER_KEYS = [NEW, *old]
    said = rotate()
    assert "conversations_datakey.wrapped: 2 sealed anew" in said
    settings.MASTER_KEYS = [NEW]
    assert all(is_current(bytes(key.wrapped)) for key in DataKey.objects.all())
    assert is_current(bytes(DataSettings.objects.get().wrapped_secret))
    assert list(Turn.objects.order_by("id").values_list("content", flat=True)) == before
    assert Turn.objects.order_by("id")[0].content["answer"][0]["text"] == "First."
    assert Entry.objects.get(name="master_key.rotated").detail["sealed"] == 3
    settings.MASTER_KEYS = old
    with pytest.raises(SealError):
        Turn.objects.order_by("id")[0].content  # noqa: B018


def test_a_rotation_that_was_cut_off_goes_on(api, settings):
    for number in range(3):
        ask(api, "hello", f"user {number}")
    settings.MASTER_KEYS = [NEW, *settings.MASTER_KEYS]
    broken = DataKey.objects.order_by("pk").last()
    DataKey.objects.filter(pk=broken.pk).update(wrapped=bytes(broken.wrapped)[:-1] + b"\0")
    with pytest.raises(CommandError, match="run it again"):
        rotate()
    DataKey.objects.filter(pk=broken.pk).update(wrapped=broken.wrapped)
    rotate()
    assert all(is_current(bytes(key.wrapped)) for key in DataKey.objects.all())
    assert "0 sealed anew" in rotate()


def test_secrets_of_webhooks_go_along(new_key, settings):
    deployment, _ = new_key()
    webhook, secret = create_webhook(
        deployment.operator, url="https://example.com/", types=["turn.flagged"], actor=("account", "7")
    )
    settings.MASTER_KEYS = [NEW, *settings.MASTER_KEYS]
    rotate()
    settings.MASTER_KEYS = [NEW]
    webhook.refresh_from_db()
    assert webhook.secrets() == [secret]


def test_master_keys_come_from_the_environment_a_file_or_a_command(tmp_path):
    file = tmp_path / "keys"
    file.write_text("one\n\ntwo\n")
    assert master_keys.read({"PLUMBLINE_MASTER_KEY": "one, two"}) == ["one", "two"]
    assert master_keys.read({"PLUMBLINE_MASTER_KEY_FILE": str(file)}) == ["one", "two"]
    command = f"{sys.executable} -c \"print('one'); print('two')\""
    assert master_keys.read({"PLUMBLINE_MASTER_KEY_COMMAND": command}) == ["one", "two"]
    assert master_keys.read({}) == []


@pytest.mark.parametrize(
    "environment",
    [
        {"PLUMBLINE_MASTER_KEY": "one", "PLUMBLINE_MASTER_KEY_FILE": "/x"},
        {"PLUMBLINE_MASTER_KEY_FILE": "/nowhere/at/all"},
        {"PLUMBLINE_MASTER_KEY_COMMAND": "/nowhere/at/all"},
        {"PLUMBLINE_MASTER_KEY_COMMAND": f"{sys.executable} -c \"print('s3cret'); raise SystemExit(3)\""},
        {"PLUMBLINE_MASTER_KEY_COMMAND": f"{sys.executable} -c pass"},
        {"PLUMBLINE_MASTER_KEY_COMMAND": '"unbalanced'},
    ],
)
def test_a_way_that_leads_to_no_key_is_refused_without_showing_one(environment):
    with pytest.raises(ImproperlyConfigured) as refused:
        master_keys.read(environment)
    assert "s3cret" not in str(refused.value)
