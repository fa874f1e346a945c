"""Emergencies: a pause from the command line, by the platform, with a reason."""

import pytest
from django.core.management import CommandError, call_command

from audit.log.models import Entry
from audit.oversight.models import Pause
from operators.models import Operator

pytestmark = pytest.mark.django_db(transaction=True)


def test_pausing_and_lifting_are_entries_of_the_platform(capsys):
    deployment = Operator.objects.create(name="Acme").deployments.create(name="Helper")
    call_command("pause", "deployment", str(deployment.pk), reason="The console is away")
    call_command("pause", "deployment", str(deployment.pk), reason="Once more")
    told = capsys.readouterr().out
    assert "Paused: Acme · Helper." in told
    assert "It was paused before: The console is away" in told
    call_command("lift_pause", "deployment", str(deployment.pk), reason="It is back")
    pause = Pause.objects.get()
    assert (pause.placed_by, pause.lifted_by, pause.lift_reason) == (None, None, "It is back")
    entries = Entry.objects.order_by("at")
    assert [(entry.name, entry.actor_type, entry.actor_id) for entry in entries] == [
        ("pause.placed", "platform", "command"),
        ("pause.lifted", "platform", "command"),
    ]
    assert entries[0].detail["operator"] == str(deployment.operator_id)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["operator", "nobody"], "no such operator"),
        (["model", "gpt-9"], "no model"),
        (["behaviour", "emergency_referral"], "no behaviour"),
        (["galaxy"], "invalid choice"),
    ],
)
def test_what_there_is_not_is_refused(arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("pause", *arguments, reason="x")
    assert not Entry.objects.exists()


@pytest.mark.parametrize("command", ["pause", "lift_pause"])
def test_a_reason_is_needed(command):
    with pytest.raises(CommandError, match="reason"):
        call_command(command, "platform")
    with pytest.raises(CommandError, match="reason"):
        call_command(command, "platform", reason="  ")


def test_lifting_what_is_not_paused_is_an_error():
    with pytest.raises(CommandError, match="platform is not paused"):
        call_command("lift_pause", "platform", reason="x")
