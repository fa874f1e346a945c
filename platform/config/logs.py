"""Log lines without secrets: whatever a library or an error put into one is taken out before it leaves.

What people said has no form by which it could be found in a line, and an error that nobody foresaw may quote it. So of
such an error the way to it is told and its name, not its text.
"""

import logging
import re
import traceback
from typing import Any

from django.conf import settings

HIDDEN = "[secret]"
SHORTEST = 8
"""Shorter ones would be found in ordinary words."""
# A deployment's key, a webhook's secret, and the key of a model's provider.
_FORMS = re.compile(r"\b(?:plk_[0-9a-zA-Z]+_[0-9a-zA-Z]+|whsec_[0-9a-zA-Z+/=]+|sk-[0-9a-zA-Z_-]{16,})")
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+@")


OF_TASKS = "celery.app.trace"
"""Its line on a task that failed holds the error's text."""


class Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        if record.name == OF_TASKS and record.exc_info:
            told = {
                **record.__dict__,
                "msg": f"the task {getattr(record, 'data', {}).get('name', '')} failed",
                "args": (),
            }
            record = logging.makeLogRecord(told | {"exc_text": None})
        return without_secrets(super().format(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the standard library's name
        told, error = [], ei[1]
        while error is not None:
            told.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__name__)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nwhich came of\n".join(told)


def without_secrets(text: str) -> str:
    for secret in _known():
        text = text.replace(secret, HIDDEN)
    return _PASSWORD_IN_URL.sub(rf"\1:{HIDDEN}@", _FORMS.sub(HIDDEN, text))


def _known() -> list[str]:
    own = (settings.SECRET_KEY, settings.ANTHROPIC_API_KEY, settings.JUDGE_API_KEY, *settings.MASTER_KEYS)
    return [one for one in own if len(one) >= SHORTEST]
