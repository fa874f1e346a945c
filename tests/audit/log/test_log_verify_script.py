"""`plumbline-verify` as an auditor runs it: one file in an empty folder, Python alone, no network and no database."""

import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.log.canonical import canonical
from audit.log.cli import plumbline_verify as alone
from audit.log.keys import renewed, replace_keys
from audit.log.notes import Head, Signer, sign
from audit.log.proofs import consistency, log_now, receipt, run
from tests.audit.log.log_support import Log
from tests.audit.log.test_log_canonical import VALUES


class Ran(NamedTuple):
    code: int
    out: str


class Auditor:
    """`auditor("receipt", some_json)` writes what is not text into a file and runs the command in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(alone.__file__, folder / "plumbline-verify.py")
        self.number = 0

    def file(self, content: Any) -> str:
        self.number += 1
        path = self.folder / f"file-{self.number}"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path.name

    def __call__(self, command: str, *files: Any, key: str = "", send: str = "") -> Ran:
        arguments = [self.file(one) if not isinstance(one, str) or "\n" in one else one for one in files]
        arguments += ["--key", key] if key else []
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-X", "utf8", "plumbline-verify.py", command, *arguments],
            cwd=self.folder,
            env={},
            input=send,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stderr == "" or done.returncode == 2, done.stderr
        return Ran(done.returncode, done.stdout + done.stderr)


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    folder = tmp_path / "auditor"
    folder.mkdir()
    return Auditor(folder)


@pytest.fixture
def given_receipt(log: Log) -> dict[str, Any]:
    entry = log.grow(7)[4]
    found = run(receipt(uuid.UUID(entry)))
    assert found is not None
    return found


def test_a_receipt_verifies(log: Log, auditor: Auditor, given_receipt: dict[str, Any]) -> None:
    key = log.keys.signer.verifier.vkey
    ran = auditor("receipt", given_receipt, key=key)
    assert ran.code == 0
    assert ran.out.startswith("verified: turn.recorded of ")
    assert f"is leaf {given_receipt['leaf_index']} of 7" in ran.out
    sent = auditor("receipt", "-", "--json", key=key, send=json.dumps(given_receipt))
    assert json.loads(sent.out)["verified"] is True


def test_keys_may_be_a_file_of_lines_or_what_the_log_says(log: Log, auditor: Auditor, given_receipt: Any) -> None:
    kept = (log.directory / "log-keys.txt").read_text()
    for content in (kept, run(log_now())):
        assert auditor("receipt", given_receipt, "--keys", auditor.file(content)).code == 0


def altered(field: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        *path, last = field.split(".")
        for step in path:
            found = found[step]
        found[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (altered("entry.actor.id", "somebody else"), "not_included"),
        (altered("entry.detail.more", 1), "not_included"),
        (altered("entry.at", "2020-01-01T00:00:00.000000Z"), "not_included"),
        (altered("leaf_index", 3), "not_included"),
        (altered("leaf_index", 7), "not_included"),
        (altered("leaf_index", True), "malformed"),
        (altered("leaf_index", "4"), "malformed"),
        (altered("inclusion_proof", []), "not_included"),
        (altered("inclusion_proof", ["x"]), "malformed"),
        (altered("inclusion_proof", "x"), "malformed"),
        (altered("entry.detail.more", 0.5), "malformed"),
        (altered("entry.detail.more", "\ud800"), "malformed"),
        (altered("decision", "sha256:" + "0" * 64), "contradiction"),
        (altered("id", str(uuid.uuid4())), "contradiction"),
        (altered("checkpoint", "nothing"), "malformed"),
        (altered("checkpoint", None), "malformed"),
        (altered("entry", []), "malformed"),
    ],
)
def test_what_was_altered_is_named(log, auditor, given_receipt, change, kind) -> None:
    change(given_receipt)
    ran = auditor("receipt", given_receipt, key=log.keys.signer.verifier.vkey)
    assert (ran.code, ran.out.split(":")[1].strip()) == (1, kind), ran.out


def test_a_checkpoint_that_was_altered_or_is_anothers_is_named(log: Log, auditor: Auditor, given_receipt: Any) -> None:
    key, stranger = log.keys.signer.verifier.vkey, Signer.generate(log.origin)
    assert "unknown_key" in auditor("receipt", given_receipt, key=stranger.verifier.vkey).out
    given_receipt["checkpoint"] = given_receipt["checkpoint"].replace("\n7\n", "\n8\n")
    ran = auditor("receipt", given_receipt, key=key)
    assert ran.code == 1
    assert ran.out.startswith("NOT VERIFIED: bad_signature")


def test_a_field_that_stands_twice_is_refused(log: Log, auditor: Auditor, given_receipt: Any) -> None:
    text = json.dumps(given_receipt).replace('"leaf_index"', '"leaf_index": 0, "leaf_index"') + "\n"
    assert "twice" in auditor("receipt", text, key=log.keys.signer.verifier.vkey).out


def test_what_cannot_be_told_is_neither(log: Log, auditor: Auditor, given_receipt: Any) -> None:
    key = log.keys.signer.verifier.vkey
    (entry,) = log.write()
    for ran in (
        auditor("receipt", run(receipt(uuid.UUID(entry))), key=key),
        auditor("receipt", given_receipt),
        auditor("receipt", given_receipt, key="plumbline+00000000+AAAA"),
        auditor("receipt", given_receipt, key="x"),
        auditor("receipt", "nowhere", key=key),
        auditor("nothing"),
    ):
        assert ran.code == 2, ran.out


def test_a_log_that_grew_verifies_with_its_proof(log: Log, auditor: Auditor) -> None:
    key = log.keys.signer.verifier.vkey
    log.grow(5)
    old = run(log_now())
    log.grow(8)
    proof = run(consistency(5))
    ran = auditor("consistency", old, proof, key=key)
    assert ran.code == 0, ran.out
    assert "the log of 13 entries begins with the 5 signed before" in ran.out
    notes = [log.saved(size).note for size in (5, 13)]
    assert auditor("consistency", *notes, "--proof", auditor.file(proof), key=key).code == 0
    assert auditor("consistency", notes[0], notes[0], key=key).code == 0
    assert auditor("consistency", *notes, key=key).code == 2
    proof["proof"][0] = proof["proof"][1]
    assert auditor("consistency", old, proof, key=key).out.startswith("NOT VERIFIED: forked")


def test_a_log_that_was_cut_forked_or_exchanged_is_named(log: Log, auditor: Auditor) -> None:
    key, signer = log.keys.signer.verifier.vkey, log.keys.signer
    log.grow(5)
    old = log.saved(5).note
    log.grow(3)
    new = log.saved(8).note
    other = Signer(signer.name, signer.key)
    for files, kind in (
        ((new, old), "truncated"),
        ((new, sign(Head(log.origin, 8, b"\1" * 32).text(), signer)), "forked"),
        ((old, sign(Head("elsewhere", 5, b"\1" * 32).text(), other)), "other_log"),
    ):
        ran = auditor("consistency", *files, key=key)
        assert (ran.code, ran.out.split(":")[1].strip()) == (1, kind), ran.out


def test_checkpoints_of_a_rotated_key_verify_with_both(log: Log, auditor: Auditor) -> None:
    log.grow(3)
    old, before = log.saved(3).note, log.keys
    replace_keys(log.key_file, renewed(before))
    log.grow(3)
    files = (old, run(consistency(3)))
    assert "unknown_key" in auditor("consistency", *files, key=log.keys.signer.verifier.vkey).out
    kept = auditor.file((log.directory / "log-keys.txt").read_text())
    assert auditor("consistency", *files, "--keys", kept).code == 0


@given(VALUES)
def test_its_canonical_json_is_that_of_the_log(value: Any) -> None:
    assert alone.canonical(value) == canonical(value)


def test_signatures_are_those_of_rfc_8032() -> None:
    public = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    signature = bytes.fromhex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    assert alone.is_signed(public, signature, bytes.fromhex("af82"))
    assert not alone.is_signed(public, signature, bytes.fromhex("af83"))


@given(st.binary(max_size=64), st.integers(0, 63), st.integers(0, 255))
def test_signatures_are_judged_as_an_independent_library_does(message: bytes, at: int, change: int) -> None:
    key = Ed25519PrivateKey.generate()
    signature = bytearray(key.sign(message))
    signature[at] ^= change
    try:
        key.public_key().verify(bytes(signature), message)
        good = True
    except InvalidSignature:
        good = False
    assert alone.is_signed(key.public_key().public_bytes_raw(), bytes(signature), message) is good


def test_a_response_beyond_the_groups_order_is_refused() -> None:
    key = Ed25519PrivateKey.generate()
    signature = key.sign(b"x")
    beyond = int.from_bytes(signature[32:], "little") + alone.L
    again = signature[:32] + beyond.to_bytes(32, "little")
    assert not alone.is_signed(key.public_key().public_bytes_raw(), again, b"x")


def test_the_file_is_downloadable(client_of_pages: Any) -> None:
    answer = client_of_pages.get("/plumbline-verify.py")
    assert answer.content == Path(alone.__file__).read_bytes()
    assert answer["content-type"].startswith("text/x-python")


@pytest.fixture
def client_of_pages() -> Any:
    from django.test import Client

    return Client()
