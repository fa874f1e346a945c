"""Turns to be reviewed, their jobs, and a judge."""

from collections.abc import Callable
from typing import Any

import anthropic
import pytest

from audit.reviews.tasks import review_turn
from audit.wellbeing.tasks import review_wellbeing
from conversations.models import Job, Turn
from tests.audit.judges import judges
from tests.support.model_server import ModelServer


@pytest.fixture
def judge(settings: Any, model: ModelServer) -> ModelServer:
    return judges(settings, model)


@pytest.fixture
def say(client: anthropic.Anthropic) -> Callable[..., Turn]:
    """`say("hello")` is a turn; `say("and now?", after=turn)` goes on from one."""

    def make(text: str, *, after: Turn | None = None, **more: Any) -> Turn:
        headers = {"plumbline-conversation": str(after.conversation_id)} if after else {}
        message = client.messages.create(
            model="default", max_tokens=200, messages=[{"role": "user", "content": text}], extra_headers=headers, **more
        )
        return Turn.objects.get(pk=message.plumbline["turn"])

    return make


@pytest.fixture
def done() -> Callable[..., bool]:
    """`done(turn, "audit")` does that job of the turn, as a worker would."""

    def do(turn: Turn, kind: str = "audit") -> bool:
        job = Job.objects.get(turn=turn, kind=kind)
        return {"audit": review_turn, "wellbeing": review_wellbeing}[kind](job.pk)

    return do
