"""A deployment's name, as its people and its webhooks see it."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from audit.log.names import Name
from audit.log.writer import write
from operators import actors
from operators.models import Deployment
from operators.publishing import locked
from operators.texts import is_one_line

LONGEST = 120


def rename(deployment: Deployment, name: str, *, by: actors.By) -> bool:
    """False where that is its name already. Raises ValueError with what is wrong, in words for people."""
    name = name.strip()
    if not name or len(name) > LONGEST or not is_one_line(name):
        raise ValueError(_("A name is one line of 1 to %(n)d characters.") % {"n": LONGEST})
    try:
        with transaction.atomic():
            now = locked(deployment)
            if now.name == name:
                return False
            before, now.name = now.name, name
            now.save(update_fields=["name"])
            write(
                Name.DEPLOYMENT_CHANGED,
                actor=actors.actor(by),
                subject=("deployment", deployment.pk),
                detail={"before": before, "after": name, "fields": ["name"]},
            )
    except IntegrityError:
        raise ValueError(_("There is a deployment of that name already.")) from None
    deployment.name = name
    return True
