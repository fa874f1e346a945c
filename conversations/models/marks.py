"""What a conversation's list is filtered by: one bit for each thing that ever happened in one of its turns."""

from enum import IntFlag
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Mark(IntFlag):
    """Stored, so a value never changes its meaning."""

    REDIRECT = 1
    DECLINE = 2
    END = 4
    TIER_1 = 8
    TIER_2 = 16
    TIER_3 = 32
    FAILED = 64
    """The model did not answer."""
    BATCH = 128
    ANSWER = 256
    TIER_4 = 512


OF_OUTCOME = {"answer": Mark.ANSWER, "redirect": Mark.REDIRECT, "decline": Mark.DECLINE, "end": Mark.END}
OF_TIER = {1: Mark.TIER_1, 2: Mark.TIER_2, 3: Mark.TIER_3, 4: Mark.TIER_4}
RARE = [mark for mark in Mark if mark not in {Mark.ANSWER, Mark.TIER_4}]
"""Those with an index of their own. The other two are in nearly every conversation, so a search finds them at once."""

SHOWN = {
    Mark.REDIRECT: "redirect",
    Mark.DECLINE: "decline",
    Mark.END: "end",
    Mark.FAILED: _("model failed"),
    Mark.BATCH: _("batch"),
}


def marks_of(*, outcome: str, tier: int | None, failed: bool, batch: bool) -> int:
    """What one turn leaves on its conversation."""
    marks = OF_OUTCOME.get(outcome, Mark(0)) | OF_TIER.get(tier or 0, Mark(0))
    return int(marks | (Mark.FAILED if failed else 0) | (Mark.BATCH if batch else 0))


class MarksField(models.PositiveIntegerField):
    """Marks together. `marks__has=Mark.FAILED` is written so that PostgreSQL knows the mark's index by it."""


@MarksField.register_lookup
class Has(models.Lookup):  # type: ignore[type-arg] # which it takes for the type checker alone
    lookup_name = "has"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        # The number itself and no parameter: a plan that does not know it cannot use the index.
        return f"{column} & {int(self.rhs)} <> 0", list(parameters)
