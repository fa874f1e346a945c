"""manage.py seal_content: what was kept before content was sealed is sealed, once and for all."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.sealing import SealError
from conversations.old_content import seal_items, seal_turns, take_out_quotes


class Command(BaseCommand):
    help = (
        "Seals turns and batches from before content was sealed. It may run while the platform answers, be stopped, "
        "and be run again; turns are read and continued all the while."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            turns, items = self._all("turns", seal_turns), self._all("batches' requests", seal_items)
        except SealError as error:
            raise CommandError(str(error)) from None
        quotes = take_out_quotes()
        self.stdout.write(f"Sealed {turns} turns and {items} of batches' requests; {quotes} findings quote no more.")

    def _all(self, what: str, stretch: Callable[[], int]) -> int:
        done = 0
        while count := stretch():
            done += count
            if self.stderr.isatty():
                self.stderr.write(f"\r{done} {what}", ending="")
        return done
