import uuid
from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from audit.log.canonical import NotCanonical, canonical
from audit.log.envelope import COLUMNS, from_row
from audit.log.models import Entry, Leaf, Pending
from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, Ref, entry_parameters, entry_row, new_id, write

TABLES = ["entry", "leaf", "node", "checkpoint"]


def stored_envelope(entry_id: object) -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM audit_log_entry AS entry WHERE id = %s", [entry_id])  # noqa: S608
        return from_row(cursor.fetchone())


@pytest.mark.django_db
def test_an_entry_is_written_with_its_pending_row() -> None:
    entry_id = write(
        Name.KEY_REVOKED, actor=Ref("account", "7"), subject=("key", 42), digest=b"\xab" * 32, detail={"reason": "lost"}
    )
    entry = Entry.objects.get()
    assert (entry.id, entry.name, entry.actor_type, entry.actor_id) == (entry_id, "key.revoked", "account", "7")
    assert (entry.subject_type, entry.subject_id, entry.digest) == ("key", "42", "ab" * 32)
    assert entry.detail == {"reason": "lost"}
    assert [pending.entry_id for pending in Pending.objects.all()] == [entry_id]


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_when_its_transaction_does() -> None:
    with transaction.atomic():
        write(Name.KEY_REVOKED, actor=("account", 7), subject=("key", 42))
        transaction.set_rollback(True)
    assert not Entry.objects.exists()
    assert not Pending.objects.exists()


@pytest.mark.django_db
def test_the_envelope_is_recomputed_from_the_row_exactly() -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 100, tzinfo=timezone(timedelta(hours=2)))
    detail = {"z": [1, -5, None, True, {"ü": '\u2028\U0001f600 "\\\n'}], "a": {}, "n": 2**53 - 1}
    row = entry_row(Name.PAUSE_PLACED, actor=("account", "é"), subject=("model", "m"), at=at, detail=detail)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'Asia/Tokyo'")
        cursor.execute("SET LOCAL DateStyle = 'German'")
        cursor.execute(INSERT_ENTRIES, entry_parameters([row]))
    envelope = stored_envelope(row.id)
    assert envelope == {
        "id": str(row.id),
        "name": "pause.placed",
        "actor": {"type": "account", "id": "é"},
        "subject": {"type": "model", "id": "m"},
        "at": "2026-03-01T10:00:00.000100Z",
        "digest": None,
        "detail": detail,
    }
    assert canonical(envelope["detail"]).decode() == row.detail


@pytest.mark.django_db
def test_the_hot_path_writes_many_entries_within_its_own_statement() -> None:
    rows = [entry_row(Name.TURN_RECORDED, actor=("key", 1), subject=("turn", number)) for number in range(3)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH written AS ({INSERT_ENTRIES} RETURNING id) SELECT count(*), %(mine)s FROM written",  # noqa: S608
            {"mine": 5, **entry_parameters(rows)},
        )
        assert cursor.fetchone() == (3, 5)
    assert list(Pending.objects.order_by("id").values_list("entry_id", flat=True)) == [row.id for row in rows]


@pytest.mark.parametrize("digest", ["a" * 63, "A" * 64, "g" * 64, b"short", "sha512:" + "a" * 64])
def test_a_digest_is_a_sha256(digest: str | bytes) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        entry_row(Name.TURN_RECORDED, actor=("key", 1), subject=("turn", 1), digest=digest)


def test_a_digest_may_say_that_it_is_a_sha256() -> None:
    row = entry_row(Name.TURN_RECORDED, actor=("key", 1), subject=("turn", 1), digest="sha256:" + "a" * 64)
    assert row.digest == "a" * 64


def test_a_name_is_one_of_the_enumerated() -> None:
    with pytest.raises(ValueError, match=r"turn\.dreamt"):
        entry_row("turn.dreamt", actor=("key", 1), subject=("turn", 1))
    for name in Name:
        subject, _, action = name.value.partition(".")
        assert subject
        assert action
        assert name.value == name.value.lower()


@pytest.mark.parametrize("pair", [("", 1), ("key", ""), ("key", "a\0b")])
def test_actor_and_subject_are_named(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="actor"):
        entry_row(Name.TURN_RECORDED, actor=pair, subject=("turn", 1))
    with pytest.raises(ValueError, match="subject"):
        entry_row(Name.TURN_RECORDED, actor=("key", 1), subject=pair)


def test_detail_is_small_and_exact_and_times_are_aware() -> None:
    def row(**rest: object) -> None:
        entry_row(Name.TURN_RECORDED, actor=("key", 1), subject=("turn", 1), **rest)

    with pytest.raises(NotCanonical):
        row(detail={"score": 0.5})
    with pytest.raises(ValueError, match="is over"):
        row(detail={"text": "x" * 20_000})
    with pytest.raises(ValueError, match="aware"):
        row(at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_ids_are_version_7_and_follow_the_clock() -> None:
    before = datetime.now(UTC)
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {(value.version, value.variant) for value in ids} == {(7, uuid.RFC_4122)}
    assert [value.int >> 64 for value in ids] == sorted(value.int >> 64 for value in ids)
    milliseconds = before.timestamp() * 1000
    assert milliseconds - 1 <= ids[0].int >> 80 <= milliseconds + 60_000


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_nobody_changes_or_removes_rows(table: str, change: str) -> None:
    column = {"entry": "name", "leaf": "index", "node": "index", "checkpoint": "tree_size"}[table]
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(change.format(f"audit_log_{table}", column, column))


@pytest.mark.django_db
@pytest.mark.parametrize("table", [*TABLES, "pending"])
def test_nobody_truncates(table: str) -> None:
    with connection.cursor() as cursor:
        # Off in the test database only (see log_database.allow_flush); this is undone with the test's transaction.
        cursor.execute(f"ALTER TABLE audit_log_{table} ENABLE ALWAYS TRIGGER audit_log_no_truncate")
        with pytest.raises(IntegrityError, match="append-only: TRUNCATE"):
            cursor.execute(f"TRUNCATE audit_log_{table} CASCADE")


@pytest.mark.django_db
def test_a_replication_role_does_not_pass_the_triggers_by() -> None:
    write(Name.KEY_REVOKED, actor=("account", 7), subject=("key", 42))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(IntegrityError, match="append-only"):
            cursor.execute("DELETE FROM audit_log_entry")


@pytest.mark.django_db
def test_the_orm_is_refused_too() -> None:
    write(Name.KEY_REVOKED, actor=("account", 7), subject=("key", 42))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Entry.objects.all().delete()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Leaf.objects.update(index=1)


@pytest.mark.django_db
def test_a_row_that_skips_the_writer_still_needs_a_proper_digest() -> None:
    row = entry_row(Name.TURN_RECORDED, actor=("key", 1), subject=("turn", 1))._replace(digest="x")
    with pytest.raises(IntegrityError, match="audit_log_entry_digest"), connection.cursor() as cursor:
        cursor.execute(INSERT_ENTRIES, entry_parameters([row]))


def test_a_plain_psycopg_connection_can_use_the_statement(log: object, other: psycopg.Connection) -> None:
    rows = [entry_row(Name.TURN_RECORDED, actor=("key", 1), subject=("turn", n), detail={"n": n}) for n in range(2)]
    other.execute(INSERT_ENTRIES, entry_parameters(rows))
    assert Entry.objects.count() == Pending.objects.count() == 2
