"""The sequencer as a process beside writers, killed, doubled and cut off: contiguous, nothing lost or doubled."""

import random
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from audit.log import sequencer, tree
from audit.log.keys import load_keys
from audit.log.models import Checkpoint, Entry, Leaf, Pending
from audit.log.names import Name
from audit.log.notes import Verifier, open_checkpoint
from audit.log.receipts import lag
from audit.log.sequencer import Appender, Sequencer
from audit.log.store import LogDamagedError, connect
from audit.log.writer import INSERT_ENTRIES, entry_parameters, entry_row
from tests.audit.log.log_database import tampering
from tests.audit.log.log_support import Log, Processes


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not true after {seconds} s"
        time.sleep(0.02)


def leaves() -> list[int]:
    return list(Leaf.objects.order_by("index").values_list("index", flat=True))


def leader_pid() -> int | None:
    """The database's process id of the sequencer that holds the lock."""
    with connect("test-look") as own:
        row = own.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s",
            [sequencer.ADVISORY_LOCK & 0xFFFFFFFF],
        ).fetchone()
    return row[0] if row else None


def insert(connection: psycopg.Connection, count: int, **rest: object) -> list[str]:
    rows = [entry_row(Name.TURN_RECORDED, actor=("key", 1), subject=("turn", n), **rest) for n in range(count)]
    connection.execute(INSERT_ENTRIES, entry_parameters(rows))
    return [str(row.id) for row in rows]


def test_entries_are_sequenced_as_they_were_inserted(log: Log) -> None:
    written = log.write(5)
    with log.appender() as appender:
        assert [appender.step(2) for _ in range(4)] == [2, 2, 1, 0]
        assert appender.checkpoint()
        assert not appender.checkpoint(), "the tree has not grown"
    assert [str(entry) for entry in Leaf.objects.order_by("index").values_list("entry_id", flat=True)] == written
    assert leaves() == [0, 1, 2, 3, 4]
    assert not Pending.objects.exists()
    assert log.verify().ok


def test_the_order_is_that_of_insertion_when_clocks_go_backwards(log: Log, other: psycopg.Connection) -> None:
    now = datetime.now(UTC)
    written = [insert(other, 1, at=now - timedelta(hours=hour))[0] for hour in range(4)]
    with log.appender() as appender:
        appender.drain()
        appender.checkpoint()
    assert [str(entry) for entry in Leaf.objects.order_by("index").values_list("entry_id", flat=True)] == written
    assert log.verify().ok


def test_a_transaction_that_commits_late_comes_later(log: Log, other: psycopg.Connection) -> None:
    with log.appender() as appender:
        with other.transaction():
            (late,) = insert(other, 1)
            (early,) = log.write()
            assert appender.drain() == 1, "what is not committed is not seen, and does not hold others up"
            appender.checkpoint()
        assert appender.drain() == 2
        appender.checkpoint()
    assert [str(entry) for entry in Leaf.objects.order_by("index").values_list("entry_id", flat=True)] == [early, late]
    assert log.verify().ok


def test_a_batch_that_fails_halfway_leaves_nothing(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.grow(3)
    log.write(4)
    with log.appender() as appender, monkeypatch.context() as patch:
        patch.setattr(sequencer, "NODES", "SELECT %b::smallint[], %b::bigint[], %b::bytea[], 1/0")
        with pytest.raises(psycopg.errors.DivisionByZero):
            appender.step()
    assert leaves() == [0, 1, 2]
    assert Pending.objects.count() == 4
    with log.appender() as appender:
        appender.drain()
        appender.checkpoint()
    assert leaves() == list(range(7))
    assert log.verify(log.saved(3)).ok


def test_two_that_append_at_once_cannot_both_commit(log: Log) -> None:
    """The lock keeps them apart; should it fail, the primary key of the leaves does."""
    log.grow(1)
    with log.appender() as stale, log.appender() as appender:
        log.write(2)
        assert appender.step(1) == 1
        with pytest.raises(psycopg.errors.UniqueViolation):
            stale.step(1)
        appender.drain()
        appender.checkpoint()
    assert leaves() == [0, 1, 2]
    assert log.verify().ok


def test_the_process_sequences_and_signs_until_it_is_told_to_stop(log: Log, processes: Processes) -> None:
    log.write(3)
    process = processes.start("sequence_audit")
    until(lambda: Checkpoint.objects.filter(tree_size=3).exists())
    log.write(2)
    until(lambda: Leaf.objects.count() == 5)
    code, output = processes.stop(process)
    assert code == 0
    assert "leading, 0 leaves" in output
    keys = load_keys(log.key_file, log.origin)
    assert log.key_file.stat().st_mode & 0o777 == 0o600
    head = open_checkpoint((log.directory / "latest").read_text(), keys.verifiers, log.origin)
    assert (head.size, head.root) == (5, log.verify().root), "what is left is signed on the way out"
    assert (log.directory / "checkpoint-3.txt").exists()
    assert Verifier.parse((log.directory / "log-keys.txt").read_text()) == keys.signer.verifier
    assert log.verify(log.saved(3)).ok


def test_a_second_process_waits_and_takes_over(log: Log, processes: Processes) -> None:
    first = processes.start("sequence_audit")
    until(leader_pid)
    second = processes.start("sequence_audit")
    log.write(3)
    until(lambda: Leaf.objects.count() == 3)
    leader = leader_pid()
    first.kill()
    log.write(3)
    until(lambda: Leaf.objects.count() == 6)
    assert leader_pid() != leader
    code, output = processes.stop(second, signal.SIGINT)
    assert code == 0
    assert "another sequencer leads" in output or "leading, 3 leaves" in output
    assert leaves() == list(range(6))
    assert log.verify().ok


def test_killed_in_the_middle_of_a_batch(log: Log, processes: Processes, other: psycopg.Connection) -> None:
    log.grow(3)
    process = processes.start("sequence_audit")
    until(leader_pid)
    with other.transaction():
        other.execute("LOCK TABLE audit_log_node IN SHARE MODE")
        insert_other = connect("test-insert")
        with insert_other:
            insert(insert_other, 50)
        # It has inserted the leaves, and waits to insert the nodes.
        until(lambda: waits_for_a_lock(other, leader_pid()))
        process.kill()
        process.wait(timeout=10)
    assert leaves() == [0, 1, 2]
    second = processes.start("sequence_audit")
    until(lambda: Leaf.objects.count() == 53)
    processes.stop(second)
    assert leaves() == list(range(53))
    assert not Pending.objects.exists()
    assert log.verify(log.saved(3)).ok


def waits_for_a_lock(connection: psycopg.Connection, pid: int | None) -> bool:
    row = connection.execute("SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
    return row == ("Lock",)


def test_it_comes_back_when_the_database_cuts_it_off(log: Log, processes: Processes, other: psycopg.Connection) -> None:
    process = processes.start("sequence_audit")
    for round_number in range(1, 4):
        log.write(2)
        until(lambda: Leaf.objects.count() == 2 * round_number)  # noqa: B023 - awaited at once
        other.execute("SELECT pg_terminate_backend(%s)", [leader_pid()])
    log.write(2)
    until(lambda: Leaf.objects.count() == 8)
    code, output = processes.stop(process)
    assert code == 0
    assert output.count("trying again in") >= 3
    assert "Traceback" not in output
    assert log.verify().ok


def test_it_waits_for_a_database_that_is_not_there(log: Log) -> None:
    stop, tries = threading.Event(), []

    def refuse() -> psycopg.Connection:
        tries.append(time.monotonic())
        if len(tries) < 3:
            raise psycopg.OperationalError("the database is\naway")
        if len(tries) == 4:
            stop.set()
        return connect("test-sequencer")

    thread = threading.Thread(target=Sequencer(refuse, log.keys, log.origin, log.files).run, args=[stop])
    thread.start()
    log.write(2)
    until(lambda: Leaf.objects.count() == 2)
    stop.set()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert len(tries) == 3


def test_many_writers_with_sequencers_killed_over_and_over(log: Log, processes: Processes) -> None:
    committed: list[str] = []
    stop = threading.Event()

    def writer(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - not a secret
        with connect(f"test-writer-{seed}") as own:
            while not stop.is_set():
                with own.transaction():
                    written = insert(own, chance.randint(1, 20))
                    time.sleep(chance.choice([0, 0, 0.001, 0.02]))
                    if chance.random() < 0.2:
                        raise psycopg.Rollback
                    committed.extend(written)

    threads = [threading.Thread(target=writer, args=[seed]) for seed in range(4)]
    running = [processes.start("sequence_audit") for _ in range(2)]
    for thread in threads:
        thread.start()
    for kill in range(4):
        count = Leaf.objects.count()
        until(lambda: Leaf.objects.count() > count)  # noqa: B023 - awaited at once
        running.pop(kill % 2).kill()
        running.append(processes.start("sequence_audit"))
    stop.set()
    for thread in threads:
        thread.join(timeout=30)
    until(lambda: Checkpoint.objects.filter(tree_size=len(committed)).exists())
    assert not Pending.objects.exists()
    assert leaves() == list(range(len(committed)))
    assert {str(entry) for entry in Leaf.objects.values_list("entry_id", flat=True)} == set(committed)
    assert Entry.objects.count() == len(committed)
    report = log.verify()
    assert report.ok, report.problems
    assert report.signed_size == len(committed)


def test_it_does_not_sign_a_log_that_was_cut_back(log: Log) -> None:
    log.grow(5)
    with tampering() as cursor:
        cursor.execute("TRUNCATE audit_log_entry, audit_log_leaf, audit_log_node, audit_log_checkpoint")
    with pytest.raises(LogDamagedError, match=r"cut back to 0 leaves; 5 are signed in .*latest"), log.appender():
        pass
    (log.directory / "latest").rename(log.directory / "latest.before-the-restore")
    log.grow(1)
    assert log.verify().ok


def test_it_does_not_sign_a_log_that_was_rewritten(log: Log) -> None:
    log.grow(5)
    with tampering() as cursor:
        cursor.execute("UPDATE audit_log_leaf SET leaf_hash = %s WHERE index = 4", [tree.leaf_hash(b"x")])
    with pytest.raises(LogDamagedError, match=r"rewritten: its first 5 leaves .* in the database"), log.appender():
        pass
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_log_checkpoint")
    with pytest.raises(LogDamagedError, match=r"rewritten: its first 5 leaves .*latest"), log.appender():
        pass


def test_a_checkpoint_that_missed_its_file_is_written_at_the_next_start(log: Log) -> None:
    log.grow(2)
    older = (log.directory / "latest").read_text()
    log.grow(2)
    newest = (log.directory / "latest").read_text()
    for found in (None, older):
        (log.directory / "latest").unlink()
        if found:
            (log.directory / "latest").write_text(found)
        with log.appender():
            assert (log.directory / "latest").read_text() == newest


def test_a_checkpoint_directory_that_cannot_be_written_stops_nobody(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    log.directory.write_text("a file where the directory should be")
    log.grow(2)
    assert Checkpoint.objects.get().tree_size == 2
    assert "cannot write " in caplog.text


def test_checkpoints_are_signed_only_every_so_often(log: Log) -> None:
    stop = threading.Event()
    slow = Sequencer(lambda: connect("test"), log.keys, log.origin, log.files, poll=0.01, checkpoint_every=3600)
    thread = threading.Thread(target=slow.run, args=[stop])
    log.write(1)
    thread.start()
    until(Checkpoint.objects.exists)
    for count in range(2, 6):
        log.write(1)
        until(lambda: Leaf.objects.count() == count)  # noqa: B023 - awaited at once
    assert Checkpoint.objects.count() == 1
    stop.set()
    thread.join(timeout=10)
    assert list(Checkpoint.objects.order_by("tree_size").values_list("tree_size", flat=True)) == [1, 5]


def test_lag_counts_and_ages_what_is_pending(log: Log, other: psycopg.Connection) -> None:
    assert (lag().pending, lag().oldest_seconds) == (0, 0.0)
    insert(other, 3, at=datetime.now(UTC) - timedelta(minutes=5))
    insert(other, 1, at=datetime.now(UTC) + timedelta(minutes=5))
    assert lag().pending == 4
    assert 299 < lag().oldest_seconds < 400


def test_the_log_connects_where_django_does(log: Log, other: psycopg.Connection, settings: object) -> None:
    from django.db import connection

    assert other.info.dbname == connection.settings_dict["NAME"]
    assert conninfo_to_dict(other.info.dsn)["application_name"] == "test-other"
    assert isinstance(Appender(other, log.keys, log.origin, log.files).frontier, tree.Frontier)
