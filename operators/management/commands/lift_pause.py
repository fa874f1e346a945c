"""`manage.py lift_pause`: takes back what `manage.py pause`, or a steward, has paused."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.oversight.models import Pause
from audit.oversight.pauses import lift
from operators.management.commands.pause import add_subject
from operators.oversight.subjects import within


class Command(BaseCommand):
    help = "Lift a pause, everywhere within a second."

    def add_arguments(self, parser: CommandParser) -> None:
        add_subject(parser)

    def handle(self, *_: Any, kind: str, id: str, reason: str, **__: Any) -> None:  # noqa: A002 - the argument's name
        if not reason.strip():
            raise CommandError("a reason is needed")
        held = Pause.objects.filter(subject_type=kind, subject_id=id, lifted_at=None).first()
        if held is None:
            raise CommandError(f"{kind} {id}".strip() + " is not paused")
        lift(held, by=None, reason=reason, within=within(kind, id))
        self.stdout.write(f"Lifted: {held}")
