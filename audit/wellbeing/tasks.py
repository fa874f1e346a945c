"""The wellbeing review of a turn, as a Celery task."""

from celery import shared_task

from audit.cases.models import Finding
from audit.cases.opening import note_finding
from audit.wellbeing.review import review
from conversations.jobs import perform
from conversations.models import Turn


@shared_task(name="audit.review_wellbeing")
def review_wellbeing(job_id: int) -> bool:
    """True if the job was done now, False if it had been done before."""
    return perform(job_id, _review)


def _review(turn: Turn) -> None:
    found = review(turn)
    note_finding(
        turn, Finding.Kind.WELLBEING, severity=found.severity, summary=found.summary, detail={"grounds": found.grounds}
    )
