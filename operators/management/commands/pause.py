"""`manage.py pause`: for emergencies, where the pages cannot be reached. Its actor is the platform."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.oversight.charters import learn
from audit.oversight.models import Pause
from audit.oversight.pauses import place
from operators.oversight.subjects import find


def add_subject(parser: CommandParser) -> None:
    parser.add_argument("kind", choices=Pause.Subject.values)
    parser.add_argument("id", nargs="?", default="", help="an operator's or deployment's id, a model's name, ...")
    parser.add_argument("--reason", required=True, help="stands in the audit log; who is turned away reads it")


class Command(BaseCommand):
    help = "Pause the platform, an operator, a deployment, a model or a behaviour, everywhere within a second."

    def add_arguments(self, parser: CommandParser) -> None:
        add_subject(parser)

    def handle(self, *_: Any, kind: str, id: str, reason: str, **__: Any) -> None:  # noqa: A002 - the argument's name
        learn()
        try:
            found = find(kind, id)
            made = place(found.kind, found.id, reason=reason, by=None, within=found.within)
        except ValueError as error:
            raise CommandError(str(error)) from None
        held = "" if made.reason == reason.strip() else f" It was paused before: {made.reason}"
        self.stdout.write(f"Paused: {found.name}.{held}")
