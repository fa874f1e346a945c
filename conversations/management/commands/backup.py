"""manage.py backup: the database and the audit log's checkpoints, into a new directory."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conversations.backup import BackupError, make
from conversations.erasure_list import append_new


class Command(BaseCommand):
    help = "Backs the platform up into a new directory, while it runs. Tells which secrets are to be kept elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            manifest = make(options["directory"])
            append_new()
        except BackupError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Backed up into {options['directory']}. Keep apart from it:")
        for name in manifest["kept_apart"]:
            self.stdout.write(f"  {name}")
