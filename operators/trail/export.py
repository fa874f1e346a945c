"""A trail as a file that proves itself: lines of JSON, each entry with its way to one signed checkpoint."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

import orjson

from audit.log.keys import log_origin
from audit.log.models import Leaf
from audit.log.proofs import newest_signed, receipts, run
from operators.models import Operator
from operators.trail.finding import Wanted, entries

MOST = 10_000
AT_ONCE = 500


def export(operator: Operator | None, wanted: Wanted, told: dict[str, str]) -> tuple[int, bytes]:
    """How many entries, and the file: the newest that were asked for and are signed, at most MOST.

    The first line says what is in it: `{"type": "export", "origin", "made_at", "filter", "entries", "most",
    "checkpoint"}`; each other line is a receipt without its checkpoint. `plumbline-verify export` checks it.
    """
    size, note = run(newest_signed())
    found = [entry.pk for entry in islice(entries(operator, wanted), MOST + AT_ONCE)]
    signed = set(Leaf.objects.filter(entry_id__in=found, index__lt=size).values_list("entry_id", flat=True))
    ids = [one for one in found if one in signed][:MOST]
    first = {
        "type": "export",
        "origin": log_origin(),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "operator": str(operator.pk) if operator else None,
        "filter": told,
        "entries": len(ids),
        "most": MOST,
        "checkpoint": note,
    }
    lines = [json.dumps(first, ensure_ascii=False).encode(), *_lines(ids, (size, note))]
    return len(ids), b"\n".join(lines) + b"\n"


def _lines(ids: list[UUID], under: tuple[int, str]) -> Iterator[bytes]:
    for begin in range(0, len(ids), AT_ONCE):
        made: list[dict[str, Any]] = run(receipts(ids[begin : begin + AT_ONCE], under))
        for one in made:
            yield orjson.dumps({name: value for name, value in one.items() if name != "checkpoint"})
