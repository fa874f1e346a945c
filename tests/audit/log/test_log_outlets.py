"""Checkpoints leave the house: to a bucket of a server that speaks S3, and to a witness that signs them too."""

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from django.db import connection

from audit.log.files import CheckpointBucket
from audit.log.management.commands.sequence_audit import prove
from audit.log.notes import Head, NoteError, Signer, open_checkpoint, sign
from audit.log.publishing import Publisher
from audit.log.sequencer import Appender
from audit.log.store import LogDamagedError, connect
from audit.log.witness import Witness, WitnessConflictError, WitnessError, witness_key
from tests.audit.log.log_database import tampering
from tests.audit.log.log_support import Log, Processes
from tests.support import witness as support
from tests.support.product import free_port, process
from tests.support.waiting import until


@pytest.fixture
def bucket_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """The address of a server that speaks S3, and the folder of its bucket `evidence`."""
    folder, port = tmp_path / "s3" / "evidence", free_port()
    folder.mkdir(parents=True)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    arguments = ["-m", "localbucket", str(folder.parent), "--port", str(port)]
    with process(*arguments, environment={}, log=tmp_path / "s3.log"):
        until(lambda: _answers(port))
        yield f"http://127.0.0.1:{port}", folder


def _answers(port: int) -> bool:
    try:
        httpx2.get(f"http://127.0.0.1:{port}/", timeout=2)
    except httpx2.TransportError:
        return False
    return True


def test_a_bucket_takes_and_gives_checkpoints(bucket_server: tuple[str, Path]) -> None:
    address, folder = bucket_server
    bucket = CheckpointBucket("s3://evidence/plumbline", endpoint=address, keep_every=3600)
    assert bucket.read_latest() is None
    for size in (1, 2):
        bucket.write(size, f"note {size}\n")
    assert bucket.read_latest() == "note 2\n"
    assert (folder / "plumbline" / "checkpoint-1.txt").read_text() == "note 1\n"
    assert not (folder / "plumbline" / "checkpoint-2.txt").exists()


def test_a_bucket_that_is_away_is_an_oserror() -> None:
    bucket = CheckpointBucket("s3://evidence", endpoint=f"http://127.0.0.1:{free_port()}")
    for act in (lambda: bucket.write(1, "x"), bucket.read_latest):
        with pytest.raises(OSError, match="s3://evidence"):
            act()


def test_the_process_sends_checkpoints_to_a_bucket_and_a_witness(
    log: Log, processes: Processes, bucket_server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = bucket_server
    monkeypatch.setenv("PLUMBLINE_CHECKPOINT_S3", "s3://evidence/plumbline")
    monkeypatch.setenv("PLUMBLINE_CHECKPOINT_S3_ENDPOINT", address)
    with support.serving(support.Witness(log.keys.signer.verifier)) as witness:
        monkeypatch.setenv("PLUMBLINE_WITNESS", f"{witness.verifier.vkey}@{witness.url}")
        log.write(5)
        running = processes.start("sequence_audit")
        latest = folder / "plumbline" / "latest"
        until(lambda: latest.exists() and "\n5\n" in latest.read_text(), 20)
        log.write(3)
        until(lambda: witness.head is not None and witness.head.size == 8, 20)
        until(lambda: "\n8\n" in latest.read_text(), 20)
        code, output = processes.stop(running)
    assert code == 0, output
    assert open_checkpoint(latest.read_text(), log.keys.verifiers, log.origin).size == 8
    assert (folder / "plumbline" / "log-keys.txt").read_text() == log.keys.signer.verifier.vkey + "\n"
    witnessed = (log.directory / "witnessed").read_text()
    assert open_checkpoint(witnessed, log.keys.verifiers, log.origin).size == 8
    assert "witness.example" in witnessed
    assert log.verify().ok


def test_an_outlet_that_is_away_delays_nobody_and_is_told_once(
    log: Log, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("PLUMBLINE_CHECKPOINT_S3", "s3://evidence")
    monkeypatch.setenv("PLUMBLINE_CHECKPOINT_S3_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    log.write(5)
    running = processes.start("sequence_audit")
    until((log.directory / "latest").exists, 20)
    code, output = processes.stop(running)
    assert code == 0
    assert output.count("checkpoint 5 was not sent") == 1
    assert log.verify().ok


@pytest.mark.parametrize("witness", ["x", "plumbline+x@http://127.0.0.1/", "@http://x", "KEY@ftp://x"])
def test_a_witness_that_cannot_be_one_is_said_at_the_start(log, processes, monkeypatch, witness) -> None:
    monkeypatch.setenv("PLUMBLINE_WITNESS", witness.replace("KEY", log.keys.signer.verifier.vkey))
    running = processes.start("sequence_audit")
    output = running.communicate(timeout=30)[0]
    assert running.returncode == 1
    assert "PLUMBLINE_WITNESS" in output


def test_what_lies_in_a_bucket_must_be_continued(log: Log, bucket_server: tuple[str, Path]) -> None:
    bucket = CheckpointBucket("s3://evidence", endpoint=bucket_server[0])
    log.grow(5)
    bucket.write(5, log.saved(5).note)
    (log.directory / "latest").unlink()
    with tampering() as cursor:
        cursor.execute("TRUNCATE audit_log_entry, audit_log_leaf, audit_log_node, audit_log_checkpoint")
    log.write(2)
    with connect("test") as own, pytest.raises(LogDamagedError, match="5 are signed in s3://evidence/latest"):
        Appender(own, log.keys, log.origin, log.files, elsewhere=[bucket])


@pytest.fixture
def witness(log: Log) -> Iterator[support.Witness]:
    with support.serving(support.Witness(log.keys.signer.verifier)) as made:
        yield made


def test_a_witness_cosigns_what_it_is_proven_to_continue(log: Log, witness: support.Witness) -> None:
    ours = Witness(witness.url, witness.verifier, prove)
    for count in (1, 2, 5):
        log.grow(count)
        size = connection_size()
        cosigned = ours.cosign(log.saved(size).note)
        assert cosigned.startswith(log.saved(size).note)
        assert cosigned.count("\N{EM DASH}") == 2
        assert witness.head is not None
        assert witness.head.size == size
    again = Witness(witness.url, witness.verifier, prove)
    assert again.cosign(log.saved(8).note), "after a start, it asks the witness where it is"


def connection_size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_log_leaf")
        return int(cursor.fetchone()[0])


def test_a_witness_gives_a_log_that_was_cut_or_rewritten_nothing(log: Log, witness: support.Witness) -> None:
    ours = Witness(witness.url, witness.verifier, prove)
    log.grow(5)
    ours.cosign(log.saved(5).note)
    signer = log.keys.signer
    with pytest.raises(WitnessConflictError, match="5 entries; this log has 3"):
        Witness(witness.url, witness.verifier, prove).cosign(sign(Head(log.origin, 3, b"\1" * 32).text(), signer))
    log.grow(2)
    with pytest.raises(WitnessConflictError, match="another history"):
        ours.cosign(sign(Head(log.origin, 7, b"\1" * 32).text(), signer))
    with pytest.raises(WitnessError, match="403"):
        ours.cosign(sign(Head(log.origin, 7, b"\1" * 32).text(), Signer.generate(log.origin)))


def test_a_cosignature_is_checked(log: Log, witness: support.Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    log.grow(3)
    note, ours = log.saved(3).note, Witness(witness.url, witness.verifier, prove)
    for given, word in (("", "no cosignature"), (witness.cosignature("another text\n"), "wrong")):
        monkeypatch.setattr(witness, "answer", lambda _body, given=given: (200, given))
        with pytest.raises(WitnessError, match=word):
            ours.cosign(note)
    monkeypatch.setattr(witness, "answer", lambda _body: (409, "many\n"))
    with pytest.raises(WitnessError, match="without its size"):
        ours.cosign(note)


def test_a_log_key_is_no_witness_key(log: Log) -> None:
    with pytest.raises(NoteError, match="not a witness's key"):
        witness_key(log.keys.signer.verifier.vkey)


class Flaky:
    """An outlet that fails at first."""

    name = "flaky"

    def __init__(self, failures: int) -> None:
        self.failures, self.sent = failures, []

    def send(self, size: int, _note: str) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("away")
        self.sent.append(size)


def test_what_failed_is_sent_again_and_only_the_newest(caplog: pytest.LogCaptureFixture) -> None:
    flaky, steady = Flaky(2), Flaky(0)
    with caplog.at_level(logging.INFO, logger="audit.log.publishing"):
        publisher = Publisher([flaky, steady], again=0.05)
        publisher.offer(1, "")
        until(lambda: steady.sent == [1])
        publisher.offer(2, "")
        until(lambda: flaky.sent and flaky.sent[-1] == 2)
        publisher.offer(3, "")
        publisher.stop()
    assert steady.sent[-1] == flaky.sent[-1] == 3
    said = [record.message for record in caplog.records]
    assert sum("was not sent" in one for one in said) == 1
    assert said[-1] == "flaky takes checkpoints again"
