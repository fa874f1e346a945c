"""The audit review of a turn, as a Celery task."""

from celery import shared_task

from audit.cases.transcripts import texts_of
from audit.reviews.asking import Verdict, question
from audit.reviews.keeping import keep_screens, keep_verdict
from audit.reviews.lines import charter_of
from audit.reviews.models import TurnReview
from audit.reviews.review import review
from audit.reviews.sampling import chosen
from charter import parse_configuration
from conversations.judge import named_judge
from conversations.models import Turn
from conversations.review_judge import Asked
from conversations.reviewing import carry_out, register_review

NOT = TurnReview.Chosen.NOT


class AuditReview:
    kind = "audit"
    reads_back = False

    def asked(self, turn: Turn) -> Asked | None:
        # What was deleted, or never stored, nobody can review.
        if not texts_of(turn) or chosen(turn, review(turn)) == NOT:
            return None
        settings = turn.configuration.settings if turn.configuration else {}
        charter = charter_of(turn.charter_digest)
        return question(turn, charter, parse_configuration(charter, settings))

    def keep(self, turn: Turn, verdict: Verdict | None, note: str = "") -> None:
        screens = review(turn)
        named = named_judge()
        if verdict is None:
            keep_screens(turn, screens, chosen(turn, screens) if named else NOT, note)
        else:
            charter = charter_of(turn.charter_digest)
            model = named.model if named else ""
            keep_verdict(turn, screens, chosen(turn, screens), verdict, charter=charter, model=model)


register_review(AuditReview())


@shared_task(name="audit.review_turn")
def review_turn(job_id: int) -> bool:
    """True if the job was done now, False if it had been done before or waits for its judge."""
    return carry_out(job_id, AuditReview.kind)
