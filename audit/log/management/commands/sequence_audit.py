import logging
import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from obstore.exceptions import BaseError

from audit.log.files import CheckpointBucket, CheckpointFiles, CheckpointStore
from audit.log.keys import LogKeyError, key_file, load_or_create_keys, log_origin
from audit.log.publishing import BucketOutlet, Outlet, Publisher, WitnessOutlet
from audit.log.sequencer import Sequencer
from audit.log.store import connect, with_hashes
from audit.log.tree import consistency_proof
from audit.log.witness import Witness, witness_key


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
        try:
            buckets, publisher = outlets(files)
        except (ValueError, BaseError) as error:
            raise CommandError(f"PLUMBLINE_CHECKPOINT_S3 or PLUMBLINE_WITNESS: {error}") from error
        try:
            Sequencer(
                lambda: connect("plumbline-sequencer"), keys, origin, files, elsewhere=buckets, offer=publisher.offer
            ).run(stop)
        finally:
            publisher.stop()


def outlets(files: CheckpointFiles) -> tuple[list[CheckpointStore], Publisher]:
    """The places that the settings name. Raises ValueError or BaseError for what cannot be one."""
    buckets: list[CheckpointStore] = []
    ways: list[Outlet] = []
    if settings.PLUMBLINE_CHECKPOINT_S3:
        bucket = CheckpointBucket(settings.PLUMBLINE_CHECKPOINT_S3, endpoint=settings.PLUMBLINE_CHECKPOINT_S3_ENDPOINT)
        buckets.append(bucket)
        ways.append(BucketOutlet(bucket))
    if settings.PLUMBLINE_WITNESS:
        vkey, _, url = settings.PLUMBLINE_WITNESS.partition("@")
        if not url.startswith(("https://", "http://")):
            raise ValueError("a witness is written as its key, @ and its URL")
        ways.append(WitnessOutlet(Witness(url, witness_key(vkey), prove), [files, *buckets]))
    return buckets, Publisher(ways)


def prove(old: int, new: int) -> list[bytes]:
    """A consistency proof, on a connection of its own: it is asked for beside the sequencer."""
    with connect("plumbline-witness") as own, own.cursor() as cursor:
        return with_hashes(cursor, lambda node: consistency_proof(old, new, node))
