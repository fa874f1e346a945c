import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit.log.files import CheckpointFiles
from audit.log.keys import LogKeyError, key_file, load_keys, log_origin
from audit.log.store import connect
from audit.log.verify import Report, Saved, verify


class Command(BaseCommand):
    help = (
        "Recomputes the audit log and holds it against its stored hashes, its signed checkpoints and the records that"
        " must be in it. Exits with 1 if anything is amiss."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from",
            dest="saved",
            metavar="CHECKPOINT",
            action="append",
            default=[],
            type=Path,
            help="a checkpoint saved earlier, which this log must continue; may be given several times"
            " (the newest file of the checkpoint directory is always used)",
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        origin = log_origin()
        saved = [_read(path) for path in options["saved"]]
        try:
            keys = load_keys(key_file(), origin)
            latest = Path(CheckpointFiles(Path(settings.PLUMBLINE_CHECKPOINT_DIR)).latest)
            # Read before the snapshot is taken: a running sequencer may only make the log longer than this.
            saved += [_read(latest)] if latest.exists() else []
        except LogKeyError as error:
            raise CommandError(str(error)) from error
        with connect("plumbline-verify") as connection:
            report = verify(connection, keys.verifiers, origin, saved=saved, progress=_progress())
        if options["json"]:
            self.stdout.write(json.dumps(report.to_json(), indent=1))
        else:
            self._print(report)
        if not report.ok:
            sys.exit(1)

    def _print(self, report: Report) -> None:
        for problem in report.problems:
            self.stdout.write(f"{problem.kind.value}: {problem.message}")
        if report.problem_count > len(report.problems):
            self.stdout.write(f"... and {report.problem_count - len(report.problems):,} more")
        self.stdout.write(
            f"{'verified' if report.ok else 'NOT VERIFIED'}: {report.tree_size:,} entries, root"
            f" {report.to_json()['root']}, {report.checkpoints:,} checkpoints, signed up to {report.signed_size:,},"
            f" {report.pending:,} pending, {report.problem_count:,} problems"
        )


def _read(path: Path) -> Saved:
    try:
        return Saved(str(path), path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from error


def _progress() -> Any:
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        width = 30 * done // total if total else 30
        end = "\n" if done == total else ""
        sys.stderr.write(f"\r[{'#' * width}{'.' * (30 - width)}] {done:,} of {total:,}{end}")
        sys.stderr.flush()

    return show
