"""One request to one webhook: what is sent, and what came of it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus

import aiohttp
import orjson
from django.conf import settings
from standardwebhooks import Webhook as Signer

from operators.addresses import NotPublicError, check_webhook_address, public_socket

LONGEST_EXCERPT = 2000
"""Bytes of an answer's body that are read and kept."""
BODY_SECONDS = 3.0
"""How long the body is waited for: the status has said all that matters."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a request. status: None where no answer came; error: why it failed, empty where it did not."""

    status: int | None
    milliseconds: int
    excerpt: str = ""
    error: str = ""
    retry_after: float = 0.0
    """Seconds of quiet that the server asked for."""

    @property
    def succeeded(self) -> bool:
        return not self.error


def signed(secrets: Sequence[str], message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of Standard Webhooks, with a signature for each secret."""
    signatures = [Signer(secret).sign(message_id, at, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def payload(type: str, occurred_at: datetime, data: object) -> str:  # noqa: A002
    """The body: the same bytes at each attempt."""
    timestamp = occurred_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return orjson.dumps({"type": type, "timestamp": timestamp, "data": data}).decode()


def send(url: str, secrets: Sequence[str], message_id: str, body: str) -> Sent:
    """Posts once. Whatever goes wrong out there is in the answer; nothing is raised for it."""
    try:
        check_webhook_address(url)  # what is allowed may have changed since it was saved
    except ValueError as error:
        return Sent(None, 0, error=str(error))
    headers = {
        "content-type": "application/json",
        "user-agent": "Plumbline-Webhooks/1",
        "accept-encoding": "identity",
        **signed(secrets, message_id, datetime.now(UTC), body),
    }
    sent = asyncio.run(_send(url, headers, body.encode()))
    return sent if not sent.excerpt else _without(secrets, sent)


async def _send(url: str, headers: dict[str, str], body: bytes) -> Sent:
    began = time.monotonic()
    elapsed = partial(_milliseconds_since, began)
    total = settings.WEBHOOK_TOTAL_SECONDS
    # A session a request: nothing of one operator's, cookies and connections included, is there for another's.
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=None if settings.PRIVATE_WEBHOOKS else public_socket),
        timeout=aiohttp.ClientTimeout(total=None, connect=settings.WEBHOOK_CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        try:
            async with asyncio.timeout(total):
                response = await session.post(url, data=body, headers=headers, allow_redirects=False)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Sent(None, elapsed(), error=_in_words(error))
        milliseconds = elapsed()
        try:
            excerpt = await _excerpt(response, min(BODY_SECONDS, began + total - time.monotonic()))
        finally:
            response.close()
    return Sent(
        response.status,
        milliseconds,
        excerpt,
        "" if 200 <= response.status < 300 else _status_in_words(response.status),
        _seconds_of(response.headers.get("retry-after", "")),
    )


async def _excerpt(response: aiohttp.ClientResponse, seconds: float) -> str:
    """What has come of the body by then, and no more of it than is kept."""
    raw = b""
    try:
        async with asyncio.timeout(seconds):
            while len(raw) < LONGEST_EXCERPT and (piece := await response.content.read(LONGEST_EXCERPT - len(raw))):
                raw += piece
    except (aiohttp.ClientError, OSError):
        pass
    return raw.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _without(secrets: Sequence[str], sent: Sent) -> Sent:
    """A server that repeats its secret must not have us show it to everyone who may read the log."""
    excerpt = sent.excerpt
    for secret in secrets:
        excerpt = excerpt.replace(secret.removeprefix("whsec_"), "[secret]")
    return Sent(sent.status, sent.milliseconds, excerpt, sent.error, sent.retry_after)


def _in_words(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            words = "its name leads nowhere"
        case aiohttp.ClientConnectorCertificateError():
            words = f"its certificate was not accepted: {error.certificate_error}"
        case aiohttp.ClientConnectorSSLError():
            words = "it does not speak TLS as it should"
        case aiohttp.ClientConnectorError(os_error=NotPublicError()):
            words = "its address is not on the public internet"
        case aiohttp.ClientConnectorError():
            words = "it cannot be reached"
        case aiohttp.ConnectionTimeoutError():
            words = f"no connection within {settings.WEBHOOK_CONNECT_SECONDS:g} s"
        case TimeoutError():
            words = f"no answer within {settings.WEBHOOK_TOTAL_SECONDS:g} s"
        case _:
            words = f"it broke off: {type(error).__name__}"
    return words


def _status_in_words(status: int) -> str:
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    told = "; redirects are not followed" if 300 <= status < 400 else ""
    return f"it answered {phrase}{told}"


def _seconds_of(retry_after: str) -> float:
    """A Retry-After header, in seconds or as a date; 0 where there is none that can be read."""
    try:
        if retry_after.isascii() and retry_after.isdigit():
            return float(retry_after)
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _milliseconds_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
