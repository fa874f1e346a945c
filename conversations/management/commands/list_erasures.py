"""manage.py list_erasures: brings the list of erasures up to the audit log; the beat does so every minute."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations.erasure_list import append_new, list_path


class Command(BaseCommand):
    help = "Adds to the list of erasures what the audit log has since its last line."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"{append_new()} added to {list_path()}")
