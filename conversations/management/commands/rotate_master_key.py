"""manage.py rotate_master_key: everything under an older master key goes under the first of those that are given."""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.log.names import Name
from audit.log.writer import write
from config.sealing import SealError, current_mark
from conversations.sealing_anew import seal_anew


class Command(BaseCommand):
    help = (
        "Seals every wrapped key and secret under the first master key. Content is not touched. It may run while the "
        "platform answers, be stopped, and be run again; afterwards the older master keys are no longer needed."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        done: Counter[str] = Counter()
        try:
            mark = current_mark()[1:].hex()
            for column, count in seal_anew():
                done[column] += count
        except SealError as error:
            raise CommandError(f"{error}. What was sealed anew until then stays so; run it again") from None
        for column, count in done.items():
            self.stdout.write(f"{column}: {count} sealed anew")
        if done.total():
            write(
                Name.MASTER_KEY_ROTATED,
                actor=("platform", "command"),
                subject=("master_key", mark),
                detail={"sealed": done.total()},
            )
        self.stdout.write(f"All is under the master key {mark}; older ones may be taken away.")
