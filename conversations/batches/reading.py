"""The body of `POST /v1/messages/batches`, read and checked: a batch's requests, one by one.

A large body is read by a process of its own. Parsing a quarter of a gigabyte holds Python's lock for a second and takes
three times as much memory: neither is for the process in which others' answers stream.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from struct import Struct
from typing import Any

import orjson

from conversations.errors import ApiError
from conversations.requests import messages_request

MOST_REQUESTS = 100_000
CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
SMALL = 2**20
"""Bytes; what is larger is read apart."""
READ_APART_AT_ONCE = 2
PATIENCE_SECONDS = 120.0
LENGTHS = Struct(">BHI")
_readers = asyncio.Semaphore(READ_APART_AT_ONCE)

Asked = tuple[str, str, bytes]
"""A request's `custom_id`, the user it names ("" for none), and its `params` as JSON."""


@dataclass(frozen=True, slots=True)
class Requests:
    """`each` is to be walked once."""

    size: int
    each: AsyncIterator[Asked]


@asynccontextmanager
async def reading(chunks: Sequence[bytes]) -> AsyncGenerator[Requests, None]:
    """The requests in a body. Raises ApiError 400 that names the field, before anything is yielded."""
    if sum(map(len, chunks)) <= SMALL:
        raw = b"".join(chunks)
        asked = read(raw)
        yield Requests(len(asked), _each(asked))
        return
    async with _readers, _reader() as process:
        async with asyncio.timeout(PATIENCE_SECONDS):
            sending = asyncio.create_task(_send(process, chunks))
            head = await _head(process)
            await sending
        async with aclosing(_handed_back(process)) as each:
            yield Requests(head["size"], each)


def read(raw: bytes) -> list[Asked]:
    """Raises ApiError 400 that names the field, e.g. `requests.3.params.max_tokens: ...`."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, f"the body is not valid JSON: {error}") from None
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not requests:
        raise ApiError(400, "requests: a list of at least one request is required")
    if len(requests) > MOST_REQUESTS:
        raise ApiError(400, f"requests: at most {MOST_REQUESTS} are taken in one batch, not {len(requests)}")
    known: dict[str, int] = {}
    return [(_custom_id(one, number, known), *_params(one, number)) for number, one in enumerate(requests)]


def _custom_id(one: Any, number: int, known: dict[str, int]) -> str:
    where = f"requests.{number}"
    if not isinstance(one, dict):
        raise ApiError(400, f"{where}: must be an object with custom_id and params")
    if unknown := sorted(one.keys() - {"custom_id", "params"}):
        raise ApiError(400, f"{where}.{unknown[0][:100]}: is not known; a request has custom_id and params")
    custom_id = one.get("custom_id")
    if not isinstance(custom_id, str) or not CUSTOM_ID.fullmatch(custom_id):
        raise ApiError(400, f"{where}.custom_id: 1 to 64 letters, digits, hyphens and underscores are required")
    if (first := known.setdefault(custom_id, number)) != number:
        raise ApiError(400, f"{where}.custom_id: {custom_id!r} is that of requests.{first} already")
    return custom_id


def _params(one: dict[str, Any], number: int) -> tuple[str, bytes]:
    where, params = f"requests.{number}.params", one.get("params")
    if not isinstance(params, dict):
        raise ApiError(400, f"{where}: must be an object, as the body of POST /v1/messages")
    try:
        asked = messages_request(dict(params))
    except ApiError as error:
        raise ApiError(400, f"{where}.{error.message}") from None
    if asked.stream:
        raise ApiError(400, f"{where}.stream: an answer of a batch does not stream; leave it out or false")
    try:
        return asked.user_ref, orjson.dumps(params)
    except TypeError as error:
        raise ApiError(400, f"{where}: nested too deeply ({error})") from None


async def _each(asked: Iterable[Asked]) -> AsyncGenerator[Asked, None]:
    for one in asked:
        yield one


# --- The process that reads: the body on its standard input; on its output a head, and each request after its lengths.


@asynccontextmanager
async def _reader() -> AsyncGenerator[asyncio.subprocess.Process, None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=SMALL,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _send(process: asyncio.subprocess.Process, chunks: Sequence[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    with suppress(ConnectionError):  # it died; `_head` tells
        for chunk in chunks:
            process.stdin.write(chunk)
            await process.stdin.drain()
        process.stdin.close()


async def _head(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    line = await process.stdout.readline()
    if not line:
        raise ApiError(503, "the batch could not be read; try again, or send a smaller one")
    head: dict[str, Any] = orjson.loads(line)
    if "error" in head:
        raise ApiError(400, head["error"])
    return head


async def _handed_back(process: asyncio.subprocess.Process) -> AsyncGenerator[Asked, None]:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    with suppress(asyncio.IncompleteReadError):  # it is at its end
        while True:
            of_id, of_user, of_params = LENGTHS.unpack(await process.stdout.readexactly(LENGTHS.size))
            all_three = await process.stdout.readexactly(of_id + of_user + of_params)
            user = all_three[of_id : of_id + of_user].decode("utf-8", "surrogatepass")
            yield all_three[:of_id].decode(), user, all_three[of_id + of_user :]


def _read_apart() -> None:
    raw, out = sys.stdin.buffer.read(), sys.stdout.buffer
    try:
        asked = read(raw)
    except ApiError as error:
        out.write(orjson.dumps({"error": error.message}) + b"\n")
        return
    out.write(orjson.dumps({"size": len(asked)}) + b"\n")
    for custom_id, user, params in asked:
        named = user.encode("utf-8", "surrogatepass")
        out.write(LENGTHS.pack(len(custom_id), len(named), len(params)))
        out.write(custom_id.encode())
        out.write(named)
        out.write(params)


if __name__ == "__main__":
    _read_apart()
