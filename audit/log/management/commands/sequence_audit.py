import logging
import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit.log.files import CheckpointFiles
from audit.log.keys import LogKeyError, key_file, load_or_create_keys, log_origin
from audit.log.sequencer import Sequencer
from audit.log.store import connect


class Command(BaseCommand):
    help = "Gives audit entries their place in the log and signs checkpoints, until SIGTERM. One leads, others wait."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        # Does nothing where the settings have set up the root logger.
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
        origin = log_origin()
        try:
            keys = load_or_create_keys(key_file(), origin)
        except (LogKeyError, OSError) as error:
            raise CommandError(str(error)) from error
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        files = CheckpointFiles(Path(settings.PLUMBLINE_CHECKPOINT_DIR))
        Sequencer(lambda: connect("plumbline-sequencer"), keys, origin, files).run(stop)
