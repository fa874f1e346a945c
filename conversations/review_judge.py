"""The judge as the reviews ask it: from workers, within a pace that all of them share, and left alone while it fails.

Bucket and breaker are one row in PostgreSQL, so a worker that starts knows what the others have seen. Whoever may not
ask now is told to come later; a review waits for its judge, however long that is away.
"""

import json
import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from charter.judging import RefusedError, VerdictError
from conversations.jobs import LaterError, spread
from conversations.judge import Named, failure_of, headers_for, named_judge
from conversations.models import JudgeState

log = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 3
REST_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 600.0
OF_THE_QUESTION = frozenset({400, 404, 413, 422})
"""Statuses that speak of what was asked; with any other the judge is away, be it for want of a good key."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the judge. `system` is the same for all of one kind and charter; `read` raises VerdictError."""

    system: str
    text: str
    tool: dict[str, Any]
    tokens: int
    read: Callable[[Any], Any]

    def body(self, model: str, correction: str = "") -> dict[str, Any]:
        """A request to the Messages API. No sampling or thinking is set: models differ in what they accept there."""
        text = self.text if not correction else f"{self.text}\n\n{correction}"
        return {
            "model": model,
            "max_tokens": self.tokens,
            "system": [{"type": "text", "text": self.system, "cache_control": {"type": "ephemeral"}}],
            "messages": [{"role": "user", "content": text.encode("utf-8", "replace").decode()}],
            "tools": [self.tool],
            "tool_choice": {"type": "tool", "name": self.tool["name"]},
        }


def ask(asked: Asked) -> Any:
    """What the judge concluded, as the question reads it. An answer that cannot be used is asked for once more.

    Raises LaterError where the judge is away or the pace is reached, VerdictError where its answers cannot be used,
    RefusedError among them. There must be a judge.
    """
    named = named_judge()
    assert named is not None  # noqa: S101 - asked only where there is one
    try:
        return asked.read(_answer(named, asked.body(named.model)))
    except RefusedError:
        raise
    except VerdictError as error:
        # What was wrong with it is ours to say; nothing of the answer is repeated.
        correction = f"Your last answer could not be used: {error}. Answer anew, with the tool alone."
        return asked.read(_answer(named, asked.body(named.model, correction)))


def _answer(named: Named, body: dict[str, Any]) -> Any:
    """The message as it came. Raises LaterError, or VerdictError where the question itself is refused."""
    _be_admitted(named)
    with closing(client_of(named)) as client:
        try:
            response = client.messages.with_raw_response.create(**body)
            message = json.loads(response.text())
        except ValueError as error:
            _report(named, failed=False)
            raise VerdictError(failure_of(error)) from None
        except Exception as error:  # noqa: BLE001 - whatever keeps it from answering, it is away
            status = getattr(error, "status_code", None)
            _report(named, failed=status not in OF_THE_QUESTION)
            if status in OF_THE_QUESTION:
                raise VerdictError(failure_of(error)) from None
            raise LaterError(f"the judge is away: {failure_of(error)}", _pause(REST_SECONDS / 2)) from None
    _report(named, failed=False)
    return message


def client_of(named: Named) -> Any:
    """The official client, one a question: a worker forks, and a connection must not be shared with its parent."""
    from anthropic import Anthropic, DefaultHttpxClient

    key = named.api_key or "none"
    return Anthropic(
        base_url=named.base_url,
        api_key=key,
        max_retries=0,
        timeout=settings.REVIEW_JUDGE_SECONDS,
        default_headers=headers_for(key),
        # A redirect would carry the key and people's words elsewhere.
        http_client=DefaultHttpxClient(follow_redirects=False, trust_env=False),
    )


# One statement decides and takes, so that two workers never take the same token. A judge that rests admits one probe:
# whoever is let in after the rest pushes its end on, and the probe's outcome closes or opens it again.
_ADMIT = """
UPDATE conversations_judgestate
SET level = least(%(most)s, level + extract(epoch FROM clock_timestamp() - at) * %(rate)s) - 1, at = clock_timestamp(),
    rests_until = CASE WHEN rests_until IS NOT NULL THEN clock_timestamp() + make_interval(secs => %(probe)s) END
WHERE name = %(name)s AND (rests_until IS NULL OR rests_until <= clock_timestamp())
  AND least(%(most)s, level + extract(epoch FROM clock_timestamp() - at) * %(rate)s) >= 1
RETURNING level
"""
_LEFT = """
SELECT extract(epoch FROM rests_until - clock_timestamp()),
       (1 - least(%(most)s, level + extract(epoch FROM clock_timestamp() - at) * %(rate)s)) / %(rate)s
FROM conversations_judgestate WHERE name = %(name)s
"""
_REPORT = """
UPDATE conversations_judgestate
SET failures = CASE WHEN %(failed)s THEN failures + 1 ELSE 0 END,
    rests_until = CASE WHEN %(failed)s AND (failures + 1 >= %(limit)s OR rests_until IS NOT NULL)
                       THEN clock_timestamp() + make_interval(secs => %(rest)s) END
WHERE name = %(name)s
"""


def _be_admitted(named: Named) -> None:
    most = float(settings.REVIEW_JUDGE_PER_MINUTE)
    values = {"name": _name(named), "most": most, "rate": most / 60, "probe": settings.REVIEW_JUDGE_SECONDS + 5}
    JudgeState.objects.get_or_create(name=values["name"], defaults={"level": most})
    with connection.cursor() as cursor:
        cursor.execute(_ADMIT, values)
        if cursor.fetchone() is not None:
            return
        cursor.execute(_LEFT, values)
        rests, empty = cursor.fetchone() or (0, 0)
    if rests is not None and rests > 0:
        raise LaterError("the judge failed several times in a row and is left alone for a while", _pause(float(rests)))
    raise LaterError("the judge is asked as often as it may be", _pause(max(1.0, float(empty or 0))))


def _report(named: Named, *, failed: bool) -> None:
    values = {"name": _name(named), "failed": failed, "limit": FAILURES_IN_A_ROW, "rest": REST_SECONDS}
    with connection.cursor() as cursor:
        cursor.execute(_REPORT, values)
    if failed:
        log.warning("the judge of the reviews did not answer")


def _name(named: Named) -> str:
    return f"{named.model} {named.base_url}"[:200]


def _pause(seconds: float) -> timedelta:
    """Somewhat more, and not the same for all who wait."""
    return timedelta(seconds=min(LONGEST_WAIT_SECONDS, seconds + 1) * (0.75 + spread()))
