"""Every way to falsify the log that a database's owner has, each caught and named."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from audit.log import completeness
from audit.log.envelope import COLUMNS, from_row, hash_of
from audit.log.management.commands import rotate_log_key
from audit.log.models import Entry, Leaf, Node
from audit.log.notes import Head, Signer, sign
from audit.log.tree import EMPTY_ROOT, Frontier
from audit.log.verify import Saved
from tests.audit.log.log_database import tampering
from tests.audit.log.log_support import Log


@pytest.fixture(autouse=True)
def no_other_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completeness, "_queries", {})


def rebuild(keep_checkpoints: bool = False) -> None:
    """What a thorough forger does: leaves and nodes computed anew from the entries, in the leaves' order."""
    with tampering() as cursor:
        cursor.execute(
            f"SELECT leaf.index, {COLUMNS} FROM audit_log_leaf leaf JOIN audit_log_entry entry"  # noqa: S608
            " ON entry.id = leaf.entry_id ORDER BY leaf.index"
        )
        rows = cursor.fetchall()
        cursor.execute("DELETE FROM audit_log_node")
        frontier = Frontier()
        for position, (index, *fields) in enumerate(rows):
            leaf = hash_of(from_row(fields))
            cursor.execute(
                "UPDATE audit_log_leaf SET index = %s, leaf_hash = %s WHERE index = %s", [position, leaf, index]
            )
            for node in frontier.append(leaf):
                cursor.execute("INSERT INTO audit_log_node (level, index, hash) VALUES (%s, %s, %s)", node)
        if not keep_checkpoints:
            cursor.execute("DELETE FROM audit_log_checkpoint")


def test_a_sound_log_verifies_at_every_size(log: Log) -> None:
    assert log.verify().ok
    for size in range(1, 20):
        log.grow(1)
        report = log.verify()
        assert report.ok, report.problems
        assert (report.tree_size, report.signed_size, report.checkpoints, report.pending) == (size, size, size, 0)
    log.write(2)
    assert log.verify().pending == 2
    report = log.verify(*(log.saved(size) for size in range(1, 20)))
    assert report.ok, report.problems
    assert [proof["old"] for proof in report.consistency] == list(range(1, 20))


ALTERATIONS = {
    "name": "'key.revoked'",
    "actor_type": "'account'",
    "actor_id": "'k2'",
    "subject_type": "'Turn'",
    "subject_id": "subject_id || ' '",
    "digest": f"'{'0' * 64}'",
    "detail": """'{"number": 9}'""",
}
TIMES = ["at + interval '1 microsecond'", "at - interval '4052 years'", "'infinity'", "'-infinity'"]
DETAILS = ["""'{"number": 3.0}'""", """'{"number": "3"}'""", "'[]'", "'null'", """'{"number": 3, "n": 1e400}'"""]


@pytest.mark.parametrize(
    ("column", "value"),
    [*ALTERATIONS.items(), *(("at", time) for time in TIMES), *(("detail", detail) for detail in DETAILS)],
)
def test_an_altered_entry(log: Log, column: str, value: str) -> None:
    entry = log.grow(7)[3]
    with tampering() as cursor:
        cursor.execute(f"UPDATE audit_log_entry SET {column} = {value} WHERE id = %s", [entry])  # noqa: S608
        assert cursor.rowcount == 1
    report = log.verify()
    assert [problem.kind.value for problem in report.problems] == ["entry_altered"]
    assert report.problems[0].message == f"entry {entry} is not what was hashed as leaf 3"


def test_an_entry_before_christ_is_not_one_after(log: Log) -> None:
    log.grow(1)
    with tampering() as cursor:
        cursor.execute(
            "UPDATE audit_log_entry SET at = (to_char(at, 'YYYY-MM-DD HH24:MI:SS.US TZH') || ' BC')::timestamptz"
        )
    assert log.problems() == ["entry_altered"]


def test_a_deleted_entry(log: Log) -> None:
    entry = log.grow(7)[3]
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_log_entry WHERE id = %s", [entry])
    report = log.verify()
    assert [problem.kind.value for problem in report.problems] == ["entry_deleted"]
    assert entry in report.problems[0].message


def test_an_entry_deleted_with_its_leaf(log: Log) -> None:
    entry = log.grow(7)[3]
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_log_entry WHERE id = %s", [entry])
        cursor.execute("DELETE FROM audit_log_leaf WHERE entry_id = %s", [entry])
    report = log.verify()
    assert [problem.kind.value for problem in report.problems] == ["leaf_missing"]
    assert "leaf 3 is missing" in report.problems[0].message


def test_a_leaf_removed_from_its_entry(log: Log) -> None:
    entry = log.grow(7)[6]
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_log_leaf WHERE entry_id = %s", [entry])
    assert log.problems() == ["log_truncated", "entry_unsequenced"]


def test_an_entry_altered_with_its_leaf(log: Log) -> None:
    log.grow(7)
    with tampering() as cursor:
        cursor.execute("UPDATE audit_log_leaf SET leaf_hash = sha256('x') WHERE index = 3")
    report = log.verify()
    assert [problem.kind.value for problem in report.problems] == ["entry_altered", "tree_altered", "log_forked"]
    assert "leaves 2 to 3" in report.problems[1].message


def test_reordered_leaves(log: Log) -> None:
    log.grow(8)
    with tampering() as cursor:
        cursor.execute("UPDATE audit_log_leaf SET index = -index WHERE index IN (2, 5)")
        cursor.execute("UPDATE audit_log_leaf SET index = 7 + index WHERE index < 0")
    report = log.verify()
    assert [problem.kind.value for problem in report.problems] == ["tree_altered", "tree_altered", "log_forked"]
    assert "leaves 2 to 3" in report.problems[0].message
    assert "reordered" in report.problems[0].message
    assert "leaves 4 to 5" in report.problems[1].message


def test_a_log_reordered_and_rebuilt_is_a_fork(log: Log) -> None:
    log.grow(8)
    with tampering() as cursor:
        cursor.execute("UPDATE audit_log_leaf SET index = -index WHERE index IN (2, 5)")
        cursor.execute("UPDATE audit_log_leaf SET index = 7 + index WHERE index < 0")
    rebuild(keep_checkpoints=True)
    report = log.verify()
    assert [problem.kind.value for problem in report.problems] == ["log_forked"]
    assert "checkpoint 8" in report.problems[0].message


def test_a_rebuilt_log_without_its_checkpoints_is_a_fork_of_the_saved_one(log: Log) -> None:
    entry = log.grow(8)[3]
    with tampering() as cursor:
        cursor.execute("UPDATE audit_log_entry SET actor_id = 'somebody else' WHERE id = %s", [entry])
    rebuild()
    assert log.verify().ok, "nothing in the database can tell"
    report = log.verify(log.saved(8))
    assert [problem.kind.value for problem in report.problems] == ["log_forked"]
    assert "checkpoint-8.txt" in report.problems[0].message
    assert report.consistency == []


def test_an_entry_inserted_into_the_past_is_a_fork(log: Log) -> None:
    log.grow(8)
    log.grow(1)
    with tampering() as cursor:
        cursor.execute("UPDATE audit_log_leaf SET index = (index + 1) % 9 + 100")
        cursor.execute("UPDATE audit_log_leaf SET index = index - 100")
    rebuild()
    assert log.problems(log.saved(8)) == ["log_forked"]


def test_a_log_cut_back(log: Log) -> None:
    log.grow(5)
    log.grow(3)
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_log_entry WHERE id IN (SELECT entry_id FROM audit_log_leaf WHERE index >= 5)")
        cursor.execute("DELETE FROM audit_log_leaf WHERE index >= 5")
        cursor.execute("DELETE FROM audit_log_node WHERE (index + 1) << level > 5")
    assert log.problems() == ["log_truncated"], "the newest checkpoint in the table"
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_log_checkpoint WHERE tree_size > 5")
    assert log.verify(log.saved(5)).ok, "the older checkpoint is still a beginning"
    assert log.problems(log.saved(8)) == ["log_truncated"]


def test_a_log_emptied(log: Log) -> None:
    log.grow(5)
    with tampering() as cursor:
        cursor.execute("TRUNCATE audit_log_entry, audit_log_leaf, audit_log_node, audit_log_checkpoint")
    assert log.problems(log.saved(5)) == ["log_truncated"]


def test_an_interior_hash_altered_is_named_once(log: Log) -> None:
    log.grow(32)
    with tampering() as cursor:
        cursor.execute("UPDATE audit_log_node SET hash = sha256('x') WHERE level = 2 AND index = 1")
    report = log.verify()
    assert [problem.kind.value for problem in report.problems] == ["tree_altered"]
    assert "over leaves 4 to 7 is not the hash" in report.problems[0].message


def test_an_interior_hash_missing_or_too_many(log: Log) -> None:
    log.grow(8)
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_log_node WHERE level = 1 AND index = 2")
    report = log.verify(log.saved(8))
    assert [problem.kind.value for problem in report.problems] == ["tree_altered"]
    assert "leaves 4 to 5 is missing" in report.problems[0].message
    with tampering() as cursor:
        cursor.execute("INSERT INTO audit_log_node VALUES (1, 2, sha256('x')), (5, 0, sha256('x'))")
    assert [problem.message for problem in log.verify().problems][1:] == ["1 hashes are stored that no 8 leaves give"]


def test_a_checkpoint_signed_with_another_key(log: Log) -> None:
    log.grow(3)
    forged = sign(Head(log.origin, 3, EMPTY_ROOT).text(), Signer.generate(log.origin))
    with tampering() as cursor:
        cursor.execute("UPDATE audit_log_checkpoint SET note = %s, root = %s", [forged, EMPTY_ROOT])
    report = log.verify(Saved("theirs", forged))
    assert [problem.kind.value for problem in report.problems] == ["checkpoint_invalid"] * 2
    assert {problem.message for problem in report.problems} == {
        "theirs: no signature by a known key",
        "checkpoint 3: no signature by a known key",
    }


def test_a_key_slipped_into_the_database(log: Log) -> None:
    log.grow(3)
    stranger = Signer.generate(log.origin).verifier.vkey
    with tampering() as cursor:
        cursor.execute("INSERT INTO audit_log_verifierkey (vkey) VALUES (%s)", [stranger])
    (problem,) = log.verify().problems
    assert problem.kind.value == "key_unknown"
    assert stranger in problem.message


def test_an_old_checkpoint_replayed_as_the_newest(log: Log) -> None:
    log.grow(3)
    log.grow(2)
    with tampering() as cursor:
        cursor.execute("SELECT note FROM audit_log_checkpoint WHERE tree_size = 3")
        cursor.execute("UPDATE audit_log_checkpoint SET note = %s WHERE tree_size = 5", cursor.fetchone())
    report = log.verify()
    assert [problem.kind.value for problem in report.problems] == ["checkpoint_invalid"]
    assert report.problems[0].message == "checkpoint 5: its columns are not what its note says"


def test_checkpoints_of_a_rotated_key_still_verify(log: Log) -> None:
    log.grow(3)
    old = log.keys.signer
    out = StringIO()
    call_command("rotate_log_key", stdout=out)
    new = log.keys.signer
    assert new.skey != old.skey
    assert new.verifier.vkey in out.getvalue()
    entry = Entry.objects.get(name="log_key.rotated")
    assert entry.detail == {"from": old.verifier.vkey, "to": new.verifier.vkey}
    log.grow(1)
    report = log.verify(log.saved(3))
    assert report.ok, report.problems
    assert (report.tree_size, report.checkpoints) == (5, 2)


def test_a_key_is_not_rotated_without_its_entry(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.grow(1)
    before = log.key_file.read_text()
    monkeypatch.setattr(rotate_log_key, "write", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("rotate_log_key")
    assert log.key_file.read_text() == before


def test_an_entry_taken_out_of_the_queue(log: Log) -> None:
    (entry,) = log.write()
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_log_pending")
    report = log.verify()
    assert [problem.kind.value for problem in report.problems] == ["entry_unsequenced"]
    assert entry in report.problems[0].message


def test_a_queue_that_cannot_be_sequenced_is_named_and_stops_nobody(log: Log) -> None:
    (double,) = log.grow(1)
    broken, gone, good = log.write(3)
    with tampering() as cursor:
        cursor.execute("INSERT INTO audit_log_pending (entry_id) VALUES (%s)", [double])
        cursor.execute("""UPDATE audit_log_entry SET detail = '{"score": 0.5}' WHERE id = %s""", [broken])
        cursor.execute("DELETE FROM audit_log_entry WHERE id = %s", [gone])
    with log.appender() as appender:
        assert appender.drain() == 2
    assert str(Leaf.objects.get(index=1).entry_id) == good
    report = log.verify()
    assert report.pending == 3
    assert [problem.kind.value for problem in report.problems] == ["pending_damaged"] * 3
    for entry, problem in zip([broken, gone, double], report.problems, strict=True):
        assert entry in problem.message


def test_completeness_finds_what_was_never_written(log: Log) -> None:
    log.grow(3)
    completeness.register_completeness(
        "every turn has its entry",
        """SELECT turn.id::text FROM generate_series(0, 4) AS turn (id) WHERE NOT EXISTS
           (SELECT FROM audit_log_entry WHERE subject_type LIKE '%urn' AND subject_id = turn.id::text)
               ORDER BY turn.id""",
    )
    completeness.register_completeness("a broken check", "SELECT nothing FROM nowhere")
    report = log.verify()
    assert [problem.kind.value for problem in report.problems] == ["incomplete", "incomplete"]
    assert report.problems[0].message == "every turn has its entry: not so for 2, such as 3, 4"
    assert "a broken check: the check failed" in report.problems[1].message


def test_a_completeness_check_is_registered_once(log: Log) -> None:
    completeness.register_completeness("one", "SELECT 'x'")
    completeness.register_completeness("one", "SELECT 'x'")
    with pytest.raises(ValueError, match="registered already"):
        completeness.register_completeness("one", "SELECT 'y'")


def run_command(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out)
    except SystemExit as error:
        return int(error.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_that_all_is_well(log: Log) -> None:
    log.grow(3)
    code, output = run_command("--from", str(log.directory / "checkpoint-3.txt"))
    assert code == 0
    assert output.startswith("verified: 3 entries, root ")
    code, output = run_command("--json")
    report = json.loads(output)
    assert code == 0
    assert (report["ok"], report["tree_size"], report["problems"]) == (True, 3, [])
    assert [proof["from"] for proof in report["consistency"]] == [str(log.directory / "latest")]


def test_the_command_fails_and_names_what_is_amiss(log: Log) -> None:
    entry = log.grow(3)[1]
    with tampering() as cursor:
        cursor.execute("UPDATE audit_log_entry SET name = 'key.created' WHERE id = %s", [entry])
    code, output = run_command()
    assert code == 1
    assert f"entry_altered: entry {entry}" in output
    assert "NOT VERIFIED" in output
    code, output = run_command("--json")
    assert code == 1
    assert json.loads(output)["problems"][0]["kind"] == "entry_altered"


def test_the_command_holds_the_log_against_the_checkpoint_directory(log: Log) -> None:
    log.grow(5)
    with tampering() as cursor:
        cursor.execute("TRUNCATE audit_log_entry, audit_log_leaf, audit_log_node, audit_log_checkpoint")
    code, output = run_command()
    assert code == 1
    assert "log_truncated" in output
    assert "latest signed 5 leaves; the log has 0" in output


def test_the_command_needs_its_files(log: Log) -> None:
    with pytest.raises(CommandError, match=r"cannot read .*log\.key"):
        run_command()
    log.grow(1)
    with pytest.raises(CommandError, match="cannot read /nowhere"):
        run_command("--from", "/nowhere")


def test_many_problems_are_counted_and_the_first_are_listed(log: Log) -> None:
    log.grow(150)
    with tampering() as cursor:
        cursor.execute("UPDATE audit_log_entry SET name = 'key.created'")
    report = log.verify()
    assert (report.problem_count, len(report.problems)) == (150, 100)
    assert Entry.objects.count() == 150
    assert Node.objects.count() == 150 - (150).bit_count()
