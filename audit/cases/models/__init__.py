from audit.cases.models.appeals import Appeal
from audit.cases.models.assessments import Assessment, GoldenCase
from audit.cases.models.cases import Case, Finding
from audit.cases.models.reviewers import Reviewer, SavedFilter

__all__ = ["Appeal", "Assessment", "Case", "Finding", "GoldenCase", "Reviewer", "SavedFilter"]
