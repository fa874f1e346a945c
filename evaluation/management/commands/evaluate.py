"""What the hierarchy makes of labelled texts, of scenarios, and of all that is here. See docs/evaluation.md."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from evaluation import measure, page, scenarios, whole, wording
from evaluation.errors import EvaluationError


class Command(BaseCommand):
    help = "Measure the screens and the hierarchy: on a file of labelled texts, on scenarios, or on all that is here."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "what",
            nargs="*",
            metavar="FILE",
            help='"FILE.jsonl", "scenarios FILE_OR_FOLDER", or nothing for the whole report',
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *_args: Any, what: list[str], **options: Any) -> None:
        try:
            result, lines = self.evaluated(what)
        except EvaluationError as error:
            raise CommandError(str(error), returncode=2) from None
        self.stdout.write(orjson.dumps(result).decode() if options["json"] else "\n".join(lines))

    def evaluated(self, what: list[str]) -> tuple[dict[str, Any], Iterator[str]]:
        """The result, and the lines that tell it."""
        if not what:
            result = whole.whole(self.stderr.write)
            result["report"] = str(page.write(result))
            return result, wording.of_whole(result)
        if what[0] == "scenarios" and len(what) == 2:
            result = scenarios.report(scenarios.run(Path(what[1])))
            return result, wording.of_scenarios(result)
        if len(what) == 1:
            result = measure.file(Path(what[0]))
            return result, wording.of_file(result)
        raise EvaluationError("expected FILE.jsonl, or scenarios and one file or folder, or nothing")
