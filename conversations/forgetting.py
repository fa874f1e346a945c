"""A user is to be forgotten, as members and apps ask for it: asked twice it is one order (user_erasure.py)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet

from audit.log.writer import Ref
from conversations.keyring import owner_user
from conversations.models import Conversation, DataKey, Erasure, UserAdjustments
from conversations.user_erasure import ERASURES, erase_user
from operators.data_rules import DataRules, secret_of
from operators.models import Deployment


def forget(deployments: Collection[UUID], user_ref: str, actor: Ref) -> list[Erasure]:
    """The user's newest order in each deployment: one that is made now, or goes on, or was done and nothing came since.

    None where nothing is kept and nothing was erased. From then on nobody can read a word. Raises ValueError for no
    user, SealError without a master key.
    """
    together = uuid4()
    with transaction.atomic():
        # Whoever asks at the same moment waits, and then finds this order.
        locked = Deployment.objects.select_for_update(no_key=True).filter(pk__in=deployments).order_by("pk")
        orders = [_order(deployment, user_ref, actor, together) for deployment in locked]
    return [order for order in orders if order is not None]


def _order(deployment: Deployment, user_ref: str, actor: Ref, together: UUID) -> Erasure | None:
    owner = owner_user(DataRules(secret_of(deployment.pk)), user_ref)
    latest = Erasure.objects.filter(owner=owner).first()
    since = latest.requested_at if latest is not None and latest.done_at is None else None
    if _is_known(deployment.pk, user_ref, owner, since):
        return erase_user(deployment, user_ref, actor, together=together)
    if latest is not None and latest.dead_at is not None:
        ERASURES.retry([latest.pk])
        latest.refresh_from_db()
    return latest


def _is_known(deployment_id: UUID, user_ref: str, owner: bytes, since: datetime | None) -> bool:
    """Whether anything is kept of a user; with `since`, of what came then or later."""
    kept: list[tuple[QuerySet[Conversation] | QuerySet[UserAdjustments] | QuerySet[DataKey], str]] = [
        (conversations_of(deployment_id, user_ref), "created_at"),
        (UserAdjustments.objects.filter(deployment=deployment_id, user_ref=user_ref), "updated_at"),
        (DataKey.objects.filter(owner=owner), "created_at"),
    ]
    return any((rows.filter(**{f"{when}__gte": since}) if since else rows).exists() for rows, when in kept)


def conversations_of(deployment_id: UUID, user_ref: str) -> QuerySet[Conversation]:
    """Those that are left of a user. By the index on users, which holds none without one."""
    return Conversation.objects.filter(deployment=deployment_id, user_ref=user_ref).exclude(user_ref="").order_by()
