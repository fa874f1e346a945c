#!/usr/bin/env python3
"""plumbline-verify: check what a Plumbline audit log proves, offline. One file that needs nothing but Python 3.11.

  plumbline-verify receipt RECEIPT            the entry is in the log that was signed
  plumbline-verify consistency OLD NEW        the log of NEW begins with the whole log of OLD
  plumbline-verify export EXPORT              every entry of an export is in the log that was signed

RECEIPT is an answer of GET /v1/receipts/{id}; OLD is a saved checkpoint, or an answer of GET /v1/log; NEW is the answer
of GET /v1/log/consistency?from=SIZE, which holds the proof, or a checkpoint beside --proof. A file named - is read from
standard input. --key or --keys say which keys may sign: keep them from a day when you trusted them.

Exit codes: 0 verified, 1 not verified (the first line names why), 2 it cannot be told: a file or key is missing.
"""

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

VERIFIED, NOT_VERIFIED, CANNOT_TELL = 0, 1, 2
LARGEST_INTEGER = 2**53 - 1
LARGEST_FILE = 512 * 1024 * 1024
DEEPEST = 64
SIGNATURE_LINE = re.compile("\N{EM DASH} ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class NotVerifiedError(Exception):
    """What is amiss has a name: `kind`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class CannotTellError(Exception):
    """Something that is needed is missing or cannot be read."""


class Key(NamedTuple):
    name: str
    key_id: bytes
    public: bytes


class Head(NamedTuple):
    """A checkpoint whose signature is good."""

    origin: str
    size: int
    root: bytes


# --- The tree of RFC 9162 -------------------------------------------------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def leads_to(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, top = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            top = node_hash(sibling, top)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            top = node_hash(top, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and top == root


def continues(old: Head, new: Head, proof: list[bytes]) -> bool:
    """Whether the proof shows that the old tree is the beginning of the new one (RFC 9162, 2.1.4.2)."""
    if old.size == 0:
        return not proof
    if old.size == new.size:
        return not proof and old.root == new.root
    path = [old.root, *proof] if old.size & (old.size - 1) == 0 else list(proof)
    if not path:
        return False
    position, last = old.size - 1, new.size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_top = new_top = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_top, new_top = node_hash(sibling, old_top), node_hash(sibling, new_top)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new_top = node_hash(new_top, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old_top == old.root and new_top == new.root


# --- Canonical JSON, RFC 8785, for what an entry may hold -----------------------------------------------------------


def canonical(value: Any) -> bytes:
    """Raises NotVerifiedError for what no entry holds: floats, huge numbers, deep nesting."""
    try:
        return json.dumps(_ordered(value, 0), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise NotVerifiedError("malformed", "a text holds half of a character") from error


def _ordered(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return value
    if depth < DEEPEST and isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key], depth + 1) for key in keys}
    if depth < DEEPEST and isinstance(value, list):
        return [_ordered(item, depth + 1) for item in value]
    raise NotVerifiedError("malformed", f"no entry holds a {type(value).__name__} such as this")


# --- Ed25519, RFC 8032: verifying holds no secret, so plain arithmetic serves ---------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]
NEUTRAL: Point = (0, 1, 1, 0)


def _added(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(scalar: int, point: Point) -> Point:
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = _added(result, point)
        point = _added(point, point)
        scalar >>= 1
    return result


def _point(encoded: bytes) -> Point | None:
    sign, y = encoded[31] >> 7, int.from_bytes(encoded, "little") & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


_BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = _point(_BASE_Y.to_bytes(32, "little"))


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the Ed25519 signature of the message is by the key."""
    if len(public) != 32 or len(signature) != 64 or BASE is None:
        return False
    key, commitment = _point(public), _point(signature[:32])
    response = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or response >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = _times(response, BASE), _added(commitment, _times(challenge, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- Signed notes and checkpoints, as C2SP has them -----------------------------------------------------------------


def read_key(text: str) -> Key:
    """`<name>+<id>+<base64>`. Raises CannotTellError."""
    parts = text.strip().split("+", 2)
    try:
        name, key_id, blob = parts[0], bytes.fromhex(parts[1]), base64.b64decode(parts[2], validate=True)
        public = blob[1:]
        fits = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4] == key_id
    except (IndexError, ValueError, binascii.Error) as error:
        raise CannotTellError(f"not a verifier key: {text[:80]!r}") from error
    if blob[:1] != b"\x01" or len(public) != 32 or not fits:
        raise CannotTellError(f"not an Ed25519 verifier key: {text[:80]!r}")
    return Key(name, key_id, public)


def open_checkpoint(note: Any, keys: list[Key]) -> Head:
    """What a checkpoint says, once a known key's signature on it is good. Raises NotVerifiedError."""
    text, gap, signatures = note.rpartition("\n\n") if isinstance(note, str) else ("", "", "")
    if not gap or not signatures.endswith("\n"):
        raise NotVerifiedError("malformed", "the checkpoint is not a signed note")
    text += "\n"
    signed_by = ""
    for line in signatures.removesuffix("\n").split("\n"):
        match = SIGNATURE_LINE.fullmatch(line)
        if not match:
            raise NotVerifiedError("malformed", "a signature line is malformed")
        blob = _unbase64(match[2], "a signature")
        for key in keys:
            if (key.name, key.key_id) != (match[1], blob[:4]):
                continue
            if not is_signed(key.public, blob[4:], text.encode()):
                raise NotVerifiedError("bad_signature", f"the signature by {key.name} is wrong")
            signed_by = key.name
    if not signed_by:
        raise NotVerifiedError("unknown_key", "no key that you named has signed the checkpoint")
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or not SIZE.fullmatch(lines[1]):
        raise NotVerifiedError("malformed", "the note is not a checkpoint")
    return Head(lines[0], int(lines[1]), _unbase64(lines[2], "the root", 32))


def _unbase64(text: Any, what: str, length: int = 0) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise NotVerifiedError("malformed", f"{what} is not base64") from error
    if length and len(data) != length:
        raise NotVerifiedError("malformed", f"{what} is not {length} bytes")
    return data


def hashes(proof: Any) -> list[bytes]:
    if not isinstance(proof, list) or len(proof) > 128:
        raise NotVerifiedError("malformed", "the proof is not a list of hashes")
    return [_unbase64(step, "a hash of the proof", 32) for step in proof]


# --- What is checked ------------------------------------------------------------------------------------------------


def check_receipt(receipt: Any, keys: list[Key]) -> Head:
    """Raises NotVerifiedError; CannotTellError for one that has no proof yet."""
    if not isinstance(receipt, dict) or not isinstance(receipt.get("entry"), dict):
        raise NotVerifiedError("malformed", "this is not a receipt")
    if receipt.get("status") == "pending":
        raise CannotTellError("the receipt is pending: ask for it again, a checkpoint covers it within seconds")
    head = open_checkpoint(receipt.get("checkpoint"), keys)
    check_entry(receipt, head)
    return head


def check_entry(receipt: dict[str, Any], head: Head) -> None:
    """The entry is in the tree of `head`, and what stands beside it repeats it."""
    entry, index = receipt["entry"], receipt.get("leaf_index")
    if not isinstance(index, int) or isinstance(index, bool):
        raise NotVerifiedError("malformed", "leaf_index is not a number")
    if not leads_to(leaf_hash(canonical(entry)), index, head.size, hashes(receipt.get("inclusion_proof")), head.root):
        raise NotVerifiedError(
            "not_included", f"entry {entry.get('id')} is not leaf {index} of the log that was signed: it was altered"
        )
    detail = entry.get("detail") if isinstance(entry.get("detail"), dict) else {}
    decision = f"sha256:{detail['decision']}" if detail.get("decision") else None
    if receipt.get("id", entry.get("id")) != entry.get("id") or receipt.get("decision", decision) != decision:
        raise NotVerifiedError("contradiction", "what stands beside the entry is not what the entry says")


def check_continuation(old: Head, new: Head, proof: list[bytes] | None) -> None:
    if old.origin != new.origin:
        raise NotVerifiedError("other_log", f"one is of the log {old.origin}, the other of {new.origin}")
    if new.size < old.size:
        raise NotVerifiedError(
            "truncated", f"the log had {old.size} entries and now has {new.size}: it was cut, or an old one replayed"
        )
    if old.size == new.size and old.root != new.root:
        raise NotVerifiedError("forked", f"two different logs of {old.size} entries were signed")
    if proof is None:
        if old.size not in {0, new.size}:
            raise CannotTellError(f"a proof is needed: GET /v1/log/consistency?from={old.size}")
        proof = []
    if not continues(old, new, proof):
        raise NotVerifiedError(
            "forked", f"nothing proves that the log of {new.size} entries begins with the {old.size} signed before"
        )


# --- The command ----------------------------------------------------------------------------------------------------


def run_receipt(options: argparse.Namespace, keys: list[Key]) -> dict[str, Any]:
    receipt = read_json(options.file)
    head = check_receipt(receipt, keys)
    entry = receipt["entry"]
    return {
        "says": f"{entry.get('name')} of {entry.get('at')} is leaf {receipt['leaf_index']} of {head.size}",
        "entry": entry,
        "leaf_index": receipt["leaf_index"],
        **_told(head),
    }


def run_consistency(options: argparse.Namespace, keys: list[Key]) -> dict[str, Any]:
    old = open_checkpoint(read_checkpoint(options.old)[0], keys)
    note, found = read_checkpoint(options.new)
    new = open_checkpoint(note, keys)
    if options.proof:
        found = read_json(options.proof)
    proof = None
    if isinstance(found, dict) and "proof" in found:
        if (found.get("from"), found.get("to")) != (old.size, new.size):
            raise CannotTellError(f"the proof is not from {old.size} to {new.size}")
        proof = hashes(found["proof"])
    check_continuation(old, new, proof)
    return {"says": f"the log of {new.size} entries begins with the {old.size} signed before", **_told(new)}


def run_export(options: argparse.Namespace, keys: list[Key]) -> dict[str, Any]:
    lines = read_text(options.file).splitlines()
    first = _parsed(lines[0] if lines else "", "its first line")
    if not isinstance(first, dict) or first.get("type") != "export":
        raise NotVerifiedError("malformed", "this is not an export of a log")
    head = open_checkpoint(first.get("checkpoint"), keys)
    count = 0
    for number, line in enumerate(lines[1:], 2):
        receipt = _parsed(line, f"line {number}")
        if not isinstance(receipt, dict) or not isinstance(receipt.get("entry"), dict):
            raise NotVerifiedError("malformed", f"line {number} holds no entry")
        check_entry(receipt, head)
        count += 1
    if count != first.get("entries"):
        raise NotVerifiedError("truncated", f"the export says {first.get('entries')} entries and has {count}")
    return {"says": f"{count} entries are in the log of {head.size}", "entries": count, **_told(head)}


def _told(head: Head) -> dict[str, Any]:
    return {"origin": head.origin, "tree_size": head.size, "root": base64.b64encode(head.root).decode()}


def read_text(path: str) -> str:
    try:
        if path != "-" and Path(path).stat().st_size > LARGEST_FILE:
            raise CannotTellError(f"{path} is larger than what is read here")
        data = sys.stdin.buffer.read(LARGEST_FILE) if path == "-" else Path(path).read_bytes()
        return data.decode()
    except (OSError, ValueError) as error:
        raise CannotTellError(f"cannot read {path}: {error}") from error


def read_json(path: str) -> Any:
    return _parsed(read_text(path), path)


def _parsed(text: str, what: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise NotVerifiedError("malformed", f"{what} is not JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two fields of one name, readers would take different ones."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return made


def read_checkpoint(path: str) -> tuple[str, Any]:
    """The note in a file, which is the note itself or JSON with a `checkpoint`; and the JSON."""
    text = read_text(path)
    if not text.lstrip().startswith("{"):
        return text, None
    found = _parsed(text, path)
    return found.get("checkpoint"), found


def read_keys(options: argparse.Namespace) -> list[Key]:
    texts = list(options.key)
    for path in options.keys:
        text = read_text(path)
        texts += _parsed(text, path).get("keys", []) if text.lstrip().startswith("{") else text.split()
    texts += os.environ.get("PLUMBLINE_LOG_KEYS", "").split() if not texts else []
    if not texts:
        raise CannotTellError("which keys may sign? Name one with --key, or a file of them with --keys")
    return [read_key(str(text)) for text in texts]


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="plumbline-verify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--key", action="append", default=[], metavar="VKEY", help="a verifier key that may sign")
    common.add_argument("--keys", action="append", default=[], metavar="FILE", help="a file of them, or of GET /v1/log")
    common.add_argument("--json", action="store_true", help="print the result as JSON")
    commands = parser.add_subparsers(required=True, metavar="receipt | consistency | export")
    receipt = commands.add_parser("receipt", parents=[common], help="the entry is in the log that was signed")
    receipt.add_argument("file", metavar="RECEIPT")
    receipt.set_defaults(run=run_receipt)
    consistency = commands.add_parser("consistency", parents=[common], help="the log only grew")
    consistency.add_argument("old", metavar="OLD")
    consistency.add_argument("new", metavar="NEW")
    consistency.add_argument("--proof", metavar="FILE", help="where NEW holds none")
    consistency.set_defaults(run=run_consistency)
    export = commands.add_parser("export", parents=[common], help="every entry of an export is in the log")
    export.add_argument("file", metavar="EXPORT")
    export.set_defaults(run=run_export)
    return parser


def main(given: list[str] | None = None) -> int:
    options = arguments().parse_args(given)
    run: Callable[[argparse.Namespace, list[Key]], dict[str, Any]] = options.run
    code, told = VERIFIED, {}
    try:
        told = run(options, read_keys(options))
    except NotVerifiedError as error:
        code, told = NOT_VERIFIED, {"kind": error.kind, "says": str(error)}
    except CannotTellError as error:
        code, told = CANNOT_TELL, {"kind": "cannot_tell", "says": str(error)}
    if options.json:
        print(json.dumps({"verified": code == VERIFIED, **told}))
    else:
        for line in _lines(code, told):
            print(line)
    return code


def _lines(code: int, told: dict[str, Any]) -> Iterator[str]:
    if code == VERIFIED:
        yield f"verified: {told['says']}"
        yield f"the log {told['origin']} has {told['tree_size']} signed entries, root {told['root']}"
    else:
        yield f"{'NOT VERIFIED' if code == NOT_VERIFIED else 'cannot tell'}: {told['kind']}: {told['says']}"


if __name__ == "__main__":
    sys.exit(main())
