"""One person's look at one case, and the cases whose right verdict is known."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone

from audit.cases.models.cases import Case, Verdict


class GoldenCase(models.Model):
    """A closed case whose verdict is beyond doubt: mixed in, unmarked, to see how well reviewers agree with it."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="golden")
    verdict = models.CharField(max_length=16, choices=Verdict)
    severity = models.FloatField()
    stage = models.CharField(max_length=8, choices=Case.Stage, default=Case.Stage.FIRST)
    """As which review it is shown."""
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"golden {self.case_id}"


class Assessment(models.Model):
    """Claimed, then submitted, released or lapsed. Its page's address tells nothing of the case's past."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="assessments")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assessments")
    stage = models.CharField(max_length=8, choices=Case.Stage)
    golden = models.ForeignKey(GoldenCase, on_delete=models.CASCADE, null=True, blank=True, related_name="assessments")
    """The known verdict it is held against; the case itself is not touched then."""
    grave = models.BooleanField(default=False)
    """Whether the case was among the gravest when it was claimed: it counts towards what a person is exposed to."""
    claimed_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    """When it was released or lapsed without a verdict."""
    submitted_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=16, choices=Verdict, blank=True)
    severity = models.FloatField(null=True, blank=True)
    """The severity that the reviewer saw fit; None where the case's own stands."""
    rule = models.CharField(max_length=80, blank=True)
    note = models.TextField(blank=True)
    operator_note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(closed_at=None, submitted_at=None, golden=None),
                name="one_reviewer_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["reviewer"],
                condition=models.Q(closed_at=None, submitted_at=None),
                name="one_case_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["reviewer", "-claimed_at"], name="assessment_of_reviewer"),
            models.Index(fields=["-submitted_at"], name="assessment_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} of {self.case_id}"

    @property
    def is_open(self) -> bool:
        return self.submitted_at is None and self.closed_at is None
