"""Admit: is anything paused, was this very request answered already, and is it within its limits?"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from audit.oversight.state import Oversight, UnknownStateError
from conversations.errors import PausedError
from conversations.idempotency import Answered, Attempt
from conversations.limits import Admission, Ask, Used
from conversations.limits.tokens import guess_input, guess_output
from conversations.replay import Recorded, recorded
from conversations.requests import MessagesRequest
from operators.directory import Access

if TYPE_CHECKING:
    from conversations.services import Services


def refuse_if_paused(
    oversight: Oversight, operator_id: UUID, deployment_id: UUID, model: str = "", behaviours: Collection[str] = ()
) -> None:
    """Raises PausedError: 403 while paused, 503 while it is not known whether anything is.

    model: by its name in the catalogue; behaviours: those that are on.
    """
    try:
        pause = oversight.pause_for(operator_id, deployment_id, model, behaviours)
    except UnknownStateError as error:
        raise PausedError(503, str(error), headers={"retry-after": "5"}) from None
    if pause is not None:
        raise PausedError(403, str(pause))


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that was let in. `attempt` is set where it must not be answered twice; `recorded` where it was."""

    admission: Admission
    attempt: Attempt | None = None
    recorded: Recorded | None = None


async def admit(
    services: "Services", access: Access, request: MessagesRequest, headers: dict[str, str], *, counting: bool
) -> Entry:
    """Raises ApiError 429 over a limit, 409 where the same key is in use for something else, or for too long.

    Counting tokens takes none: it is held to requests alone, and so is an answer that is only given again.
    """
    if counting:
        return Entry(await services.limits.admit(access.subjects, Ask()))
    claimed = await services.once.claim(access, request, headers)
    if isinstance(claimed, Answered):
        return Entry(await services.limits.admit(access.subjects, Ask()), recorded=await recorded(claimed))
    ask = Ask(
        guess_input(request.body), guess_output(request.body.get("max_tokens")), stream=request.stream, budgets=True
    )
    try:
        return Entry(await services.limits.admit(access.subjects, ask), claimed)
    except BaseException:
        if claimed is not None:
            services.once.let_go(claimed)
        raise


def leave(services: "Services", entry: Entry) -> None:
    """For what was let in and came to no turn."""
    services.limits.settle(entry.admission, Used())
    if entry.attempt is not None:
        services.once.let_go(entry.attempt)
