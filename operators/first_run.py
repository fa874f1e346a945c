"""A new deployment's way from a name to its first call. Where it stands is read from what is there, so it can be left
and taken up again at any time, by any member."""

from dataclasses import dataclass
from typing import Literal

from django.db import transaction

from audit.log.names import Name
from audit.log.writer import write
from operators import actors
from operators.keys import create_key
from operators.models import Account, Deployment, Key, Operator
from operators.publishing import has_edits, publish, save_draft
from operators.starting_points import StartingPoint

FIRST_KEY = "First key"

Step = Literal["try", "key", "call"]


def start(operator: Operator, name: str, purpose: str, point: StartingPoint, *, by: Account) -> Deployment:
    """The deployment with its draft, or nothing at all.

    Raises IntegrityError for a name that is taken, charter.ConfigurationError for a purpose that the charter refuses.
    """
    with transaction.atomic():
        made = Deployment.objects.create(operator=operator, name=name)
        write(
            Name.DEPLOYMENT_CREATED,
            actor=actors.actor(by),
            subject=("deployment", made.pk),
            detail={"name": name, "starting_point": point.id},
        )
        save_draft(made, point.draft(purpose), by=by)
    return made


@dataclass(frozen=True)
class Live:
    """`key`: the new one's full text, this once; "" where there is a key already."""

    number: int
    key: str
    made: Key | None


def go_live(deployment: Deployment, *, by: Account, note: str, over: int) -> Live:
    """Publishes the draft and makes the first key, both or neither. Asked twice, it does either once.

    Raises as `publish` does.
    """
    with transaction.atomic():
        Deployment.objects.select_for_update().get(pk=deployment.pk)
        if deployment.live is None or (over and has_edits(deployment)):
            publish(deployment, deployment.draft, by=by, note=note, over=over)
        if deployment.keys.usable().exists():
            made, text = None, ""
        else:
            made, text = create_key(deployment, FIRST_KEY, by=by)
    assert deployment.live is not None  # noqa: S101 - published just now
    return Live(deployment.live.number, text, made)


def step_of(deployment: Deployment) -> Step:
    """What comes next, as far as settings and keys tell."""
    if deployment.live is None:
        return "try"
    return "call" if deployment.keys.usable().exists() else "key"
