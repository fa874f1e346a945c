"""`evaluate FILE.jsonl`, `evaluate scenarios FILE_OR_FOLDER`: what the hierarchy makes of them. docs/evaluation.md"""

import argparse
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from evaluation import measure, scenarios, wording
from evaluation.errors import EvaluationError


class Command(BaseCommand):
    help = "Measure the screens and the hierarchy: on a file of texts with labels, or on scenarios."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("what", nargs="+", metavar="FILE", help='"FILE.jsonl", or "scenarios FILE_OR_FOLDER"')
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *_args: Any, what: list[str], **options: Any) -> None:
        try:
            result, lines = _evaluated(what)
        except EvaluationError as error:
            raise CommandError(str(error), returncode=2) from None
        self.stdout.write(orjson.dumps(result).decode() if options["json"] else "\n".join(lines))


def _evaluated(what: list[str]) -> tuple[dict[str, Any], list[str]]:
    if what[0] == "scenarios" and len(what) == 2:
        result = scenarios.report(scenarios.run(Path(what[1])))
        return result, list(wording.of_scenarios(result))
    if len(what) == 1:
        result = measure.file(Path(what[0]))
        return result, list(wording.of_file(result))
    raise EvaluationError("expected FILE.jsonl, or scenarios and one file or folder")
