"""Admit: is anything paused, and where does the turn belong?"""

from uuid import UUID

from audit.oversight.state import Oversight, UnknownStateError
from conversations.errors import ApiError


def refuse_if_paused(oversight: Oversight, operator_id: UUID, deployment_id: UUID) -> None:
    """Raises ApiError 403 while paused, 503 while it is not known whether anything is."""
    try:
        pause = oversight.pause_for(operator_id, deployment_id)
    except UnknownStateError as error:
        raise ApiError(503, str(error), headers={"retry-after": "5"}) from None
    if pause is not None:
        raise ApiError(403, str(pause))
