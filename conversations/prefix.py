"""A conversation is recognised by its prefix: clients send the whole history each time, and we store each message once.

The digest of a history is a chain, d(0) = H(deployment, user), d(i) = H(d(i-1), message i), so every prefix of a
request is known in one pass. Two spellings of the same message (a string, or one text block; with or without cache
markers; text blocks split differently; what the model thought left out) have the same digest.

What is stored and looked up is `stored` of such a digest: keyed, so that nobody can try guesses against the rows.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from operators.data_rules import DataRules

# What a client may add or leave out when it sends a message again.
_VOLATILE = frozenset({"cache_control", "citations", "caller"})
_THOUGHTS = ("thinking", "redacted_thinking")


def start(deployment_id: UUID, user_ref: str) -> bytes:
    return sha256(b"plumbline prefix 1\0" + deployment_id.bytes + user_ref.encode("utf-8", "surrogatepass")).digest()


def extend(digest: bytes, role: str, content: str | Sequence[Any]) -> bytes:
    """The digest after one more message."""
    canonical = orjson.dumps([role, _blocks(content)], option=orjson.OPT_SORT_KEYS)
    return sha256(digest + canonical).digest()


def stored(rules: DataRules, digest: bytes) -> bytes:
    """As a row has it."""
    return rules.keyed("prefix", digest)


def digests(deployment_id: UUID, user_ref: str, messages: Sequence[dict[str, Any]]) -> list[bytes]:
    """d(0)..d(n) for n messages."""
    chain = [start(deployment_id, user_ref)]
    for message in messages:
        chain.append(extend(chain[-1], message["role"], message.get("content") or ()))
    return chain


def _blocks(content: str | Sequence[Any]) -> list[Any]:
    if isinstance(content, str):
        return [content.strip()]
    blocks: list[Any] = []
    for block in content:
        if isinstance(block, dict) and block.get("type") == "text":
            text = str(block.get("text", ""))
            if blocks and isinstance(blocks[-1], str):
                blocks[-1] += text
            else:
                blocks.append(text)
        elif isinstance(block, dict) and block.get("type") in _THOUGHTS:
            continue
        elif isinstance(block, dict):
            blocks.append({key: value for key, value in block.items() if key not in _VOLATILE and value is not None})
        else:
            blocks.append(block)
    return [block.strip() if isinstance(block, str) else block for block in blocks]
