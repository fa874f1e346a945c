"""A stored turn, as bare as a row may be."""

from uuid import uuid4

from django.utils import timezone

from charter import Decision
from conversations.models import Conversation, Turn
from operators.models import Deployment

DECISION = Decision("answer", 4, None, (), (), (), (), {}, "").to_json()
ANSWER = [{"type": "text", "text": "hi"}]


def turn_of(conversation: Conversation, deployment: Deployment, said: str = "hello", number: int = 1) -> Turn:
    return Turn.objects.create(
        id=uuid4(),
        conversation=conversation,
        number=number,
        deployment=deployment,
        configuration=deployment.live,
        key=deployment.keys.get(),
        charter_digest="",
        prefix=b"",
        status="answered",
        outcome="answer",
        tier=4,
        flagged=True,
        decision=DECISION,
        past={},
        content={
            "system": "",
            "messages": [{"role": "user", "content": said}],
            "answer": [{"type": "text", "text": "hi"}],
        },
        content_digest="",
        entry_id=uuid4(),
        request_id="",
        model="default",
        input_tokens=1,
        output_tokens=1,
        started_at=timezone.now(),
        milliseconds=1,
        upstream_milliseconds=1,
    )
