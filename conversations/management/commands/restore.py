"""manage.py restore: a backup into an empty database, with everything erased again that was erased since."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from conversations.backup import CHECKPOINTS, BackupError, restore
from conversations.erasure_list import list_path, mark_restored, replay


class Command(BaseCommand):
    help = (
        "Restores a backup into the empty database that DATABASE_URL names, erases again what the list of erasures "
        "names, and verifies the audit log. Nothing else of the platform may run on that database meanwhile."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument("--erasures", type=Path, help="the list of erasures (PLUMBLINE_ERASURES_FILE by default)")
        parser.add_argument(
            "--without-erasures", action="store_true", help="there is no list: nothing was ever erased since"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        erasures = None if options["without_erasures"] else options["erasures"] or list_path()
        if erasures is not None and not erasures.is_file():
            raise CommandError(f"there is no list of erasures at {erasures}; what was erased since would come back")
        try:
            manifest = restore(options["directory"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        call_command("migrate", "--noinput", verbosity=0)
        self.stdout.write(f"Restored the backup of {manifest['made_at']}.")
        if erasures is not None:
            conversations, users = replay(erasures)
            mark_restored()
            self.stdout.write(f"Erased again: {conversations} conversations, {users} users.")
        saved = options["directory"] / CHECKPOINTS / "latest"
        call_command("verify_audit", *(["--from", str(saved)] if saved.exists() else []), stdout=self.stdout)
