"""The wellbeing review of a conversation's new turns, as a Celery task."""

from celery import shared_task

from audit.wellbeing.asking import Reading, question
from audit.wellbeing.keeping import keep_reading, keep_screens, points_before, unread
from charter import load_charter
from conversations.judge import named_judge
from conversations.models import Turn
from conversations.review_judge import Asked
from conversations.reviewing import carry_out, register_review


class WellbeingReview:
    kind = "wellbeing"
    reads_back = True

    def asked(self, turn: Turn) -> Asked | None:
        """About this turn and those before it that were not read; nothing where another job has read it."""
        turns = unread(turn)
        if turn.pk not in {one.pk for one in turns}:
            return None
        return question(turns, points_before(turn, judged=True), load_charter())

    def keep(self, turn: Turn, verdict: Reading | None, note: str = "") -> None:
        if verdict is None:
            keep_screens(turn, note)
        else:
            named = named_judge()
            keep_reading(turn, verdict, named.model if named else "")


register_review(WellbeingReview())


@shared_task(name="audit.review_wellbeing")
def review_wellbeing(job_id: int) -> bool:
    """True if the job was done now, False if it had been done before or waits for its judge."""
    return carry_out(job_id, WellbeingReview.kind)
