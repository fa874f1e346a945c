"""Limits for tests, and requests that tell what came of them."""

from collections.abc import Mapping
from typing import Any

import httpx2

from operators.limits import Held, change_limits
from operators.models import Deployment

QUESTION = {"role": "user", "content": "How do I reverse a list?"}


def limit(subject: Held, **amounts: Any) -> None:
    """As a steward sets them."""
    change_limits(subject, amounts, set_by="platform", by=None)


def subjects(deployment: Deployment) -> dict[str, Held]:
    return {"key": deployment.keys.get(), "deployment": deployment, "operator": deployment.operator}


def ask(
    web: str, key: str, text: str = "hello", *, headers: Mapping[str, str] | None = None, **more: Any
) -> httpx2.Response:
    body = {"model": "default", "max_tokens": 50, "messages": [{"role": "user", "content": text}], **more}
    return httpx2.post(f"{web}/v1/messages", json=body, headers={"x-api-key": key, **(headers or {})}, timeout=60)
