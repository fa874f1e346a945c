"""What stewards did, read from the audit log: who, what, when and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.log.models import Entry
from audit.log.names import Name
from operators.models import Account, Operator
from operators.oversight.subjects import names, uuids

WORDS = {
    Name.PAUSE_PLACED: _("paused"),
    Name.PAUSE_LIFTED: _("lifted the pause of"),
    Name.REVIEW_FORCED: _("had every turn reviewed of"),
    Name.REVIEW_RELEASED: _("ended the review of every turn of"),
    Name.CONVERSATION_ENDED: _("ended the conversation"),
    Name.CHARTER_PROPOSED: _("proposed the charter's version"),
    Name.CHARTER_REJECTED: _("rejected the charter's version"),
    Name.CHARTER_PUBLISHED: _("put in force the charter's version"),
}
BY_STEWARDS = Q(actor_type="account") | Q(actor_type="platform", actor_id="command")
"""Apps and the charter's rules end conversations as well."""
OF_ALL = ("platform", "model", "behaviour", "charter")
"""Subjects that concern every operator."""


@dataclass(frozen=True, slots=True)
class Past:
    entry: Entry
    who: Any
    did: Any
    what: Any
    why: str
    at: datetime


def acts() -> QuerySet[Entry]:
    """Newest first: an entry's id has its time in it."""
    return Entry.objects.filter(BY_STEWARDS, name__in=list(WORDS)).order_by("-id")


def acts_on(operator: Operator) -> QuerySet[Entry]:
    """What its members may know of: what touched them, and what touched everyone but was not only proposed."""
    deployments = [str(pk) for pk in operator.deployments.values_list("pk", flat=True)]
    own = (
        Q(subject_type="operator", subject_id=str(operator.pk))
        | Q(subject_type="deployment", subject_id__in=deployments)
        | Q(detail__operator=str(operator.pk))
    )
    undecided = [Name.CHARTER_PROPOSED, Name.CHARTER_REJECTED]
    return acts().exclude(name__in=undecided).filter(own | Q(subject_type__in=OF_ALL))


def read(entries: Iterable[Entry]) -> list[Past]:
    found = list(entries)
    people = {str(pk): who for pk, who in Account.objects.in_bulk(uuids(one.actor_id for one in found)).items()}
    named = names({(one.subject_type, one.subject_id) for one in found if one.subject_type in _NAMED})
    return [
        Past(
            entry=one,
            who=people.get(one.actor_id, one.actor_id)
            if one.actor_type == "account"
            else _("a command of the platform"),
            did=WORDS[Name(one.name)],
            what=_("the whole platform")
            if one.subject_type == "platform"
            else named.get((one.subject_type, one.subject_id), one.subject_id),
            why=one.detail.get("reason", ""),
            at=one.at,
        )
        for one in found
    ]


_NAMED = frozenset({"operator", "deployment", "behaviour"})
