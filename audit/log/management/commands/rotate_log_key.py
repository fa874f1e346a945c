from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from audit.log.keys import LogKeyError, key_file, load_keys, log_origin, renewed, replace_keys
from audit.log.names import Name
from audit.log.writer import write


class Command(BaseCommand):
    help = (
        "Makes a new signing key for the audit log and keeps the old one's verifier key. Restart the sequencer to have"
        " it sign with the new key; all earlier checkpoints stay verifiable."
    )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        path, origin = key_file(), log_origin()
        try:
            old = load_keys(path, origin)
            new = renewed(old)
            with transaction.atomic():  # the entry first: if it cannot be written, the key stays
                write(
                    Name.LOG_KEY_ROTATED,
                    actor=("platform", "rotate_log_key"),
                    subject=("log", origin),
                    detail={"from": old.signer.verifier.vkey, "to": new.signer.verifier.vkey},
                )
                replace_keys(path, new)
        except (LogKeyError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"the audit log's verifier key is now {new.signer.verifier.vkey}")
