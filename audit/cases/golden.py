"""Golden cases: closed ones whose verdict a steward vouches for."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.cases.models import Case, GoldenCase
from audit.log.names import Name
from audit.log.writer import write
from operators.models import Account


class GoldenError(ValueError):
    """Why a case cannot be one."""


def set_golden(case: Case, *, by: Account) -> GoldenCase:
    """Setting it again brings a retired one back with the verdict of now. Raises GoldenError."""
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).select_related("conversation").get(pk=case.pk)
        if locked.status != Case.Status.CLOSED or not locked.verdict:
            raise GoldenError(_("Only a decided case can be one."))
        if locked.conversation.deleted_at:
            raise GoldenError(_("Its conversation was deleted."))
        golden, _new = GoldenCase.objects.update_or_create(
            case=locked,
            defaults={"verdict": locked.verdict, "severity": locked.severity, "made_by": by, "retired_at": None},
        )
        write(
            Name.GOLDEN_CASE_SET,
            actor=("account", by.pk),
            subject=("case", case.pk),
            detail={"verdict": locked.verdict},
        )
    return golden


def retire(case: Case, *, by: Account) -> None:
    """Retiring twice changes nothing."""
    with transaction.atomic():
        if GoldenCase.objects.filter(case=case, retired_at=None).update(retired_at=timezone.now()):
            write(Name.GOLDEN_CASE_RETIRED, actor=("account", by.pk), subject=("case", case.pk))
