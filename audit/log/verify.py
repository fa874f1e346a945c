"""Verification of the whole log: everything recomputed from the entries, in one snapshot, beside a running sequencer.

The tree is rebuilt leaf by leaf; each stored hash is compared where it is completed, each checkpoint where the tree
passes its size. A fault is named once, where it is, not again at every hash above it.
"""

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import psycopg

from audit.log import tree
from audit.log.canonical import NotCanonical
from audit.log.completeness import completeness_queries, tells_of_alteration
from audit.log.envelope import COLUMNS, from_row, hash_of, pending_hash
from audit.log.notes import Head, NoteError, Verifier, open_checkpoint
from audit.log.store import LogDamagedError, with_hashes

MAX_PROBLEMS = 100
FETCH = 5000

Connection = psycopg.Connection[tuple[Any, ...]]
Progress = Callable[[int, int], None]

LEAVES = f"""
SELECT leaf.index, leaf.leaf_hash, leaf.entry_id::text, entry.id IS NOT NULL, {COLUMNS}
FROM audit_log_leaf AS leaf LEFT JOIN audit_log_entry AS entry ON entry.id = leaf.entry_id
ORDER BY leaf.index"""  # noqa: S608 - made of constants
PENDING = f"""
SELECT pending.entry_id::text, entry.id IS NOT NULL, leaf.index, {COLUMNS}
FROM audit_log_pending AS pending LEFT JOIN audit_log_entry AS entry ON entry.id = pending.entry_id
LEFT JOIN audit_log_leaf AS leaf ON leaf.entry_id = pending.entry_id
ORDER BY pending.id"""  # noqa: S608 - made of constants
UNSEQUENCED = """
SELECT entry.id::text FROM audit_log_entry AS entry
WHERE NOT EXISTS (SELECT FROM audit_log_leaf AS leaf WHERE leaf.entry_id = entry.id)
  AND NOT EXISTS (SELECT FROM audit_log_pending AS pending WHERE pending.entry_id = entry.id)
ORDER BY entry.id"""


class Kind(StrEnum):
    ENTRY_ALTERED = "entry_altered"
    ENTRY_DELETED = "entry_deleted"
    ENTRY_UNSEQUENCED = "entry_unsequenced"
    PENDING_DAMAGED = "pending_damaged"
    LEAF_MISSING = "leaf_missing"
    TREE_ALTERED = "tree_altered"
    LOG_FORKED = "log_forked"
    LOG_TRUNCATED = "log_truncated"
    CHECKPOINT_INVALID = "checkpoint_invalid"
    KEY_UNKNOWN = "key_unknown"
    INCOMPLETE = "incomplete"
    RECORD_ALTERED = "record_altered"


@dataclass(frozen=True)
class Problem:
    kind: Kind
    message: str


@dataclass(frozen=True)
class Saved:
    """A checkpoint kept outside of the database; `label` is what to call it, say its file."""

    label: str
    note: str


@dataclass
class Report:
    tree_size: int = 0
    root: bytes = tree.EMPTY_ROOT
    checkpoints: int = 0
    signed_size: int = 0
    pending: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)  # the first MAX_PROBLEMS
    consistency: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.problem_count == 0

    def add(self, kind: Kind, message: str) -> None:
        self.problem_count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(kind, message))

    def to_json(self) -> dict[str, Any]:
        """Hashes in base64; `consistency` has a proof for each saved checkpoint that is a beginning of this log."""
        return {
            "ok": self.ok,
            "tree_size": self.tree_size,
            "root": _base64(self.root),
            "checkpoints": self.checkpoints,
            "signed_size": self.signed_size,
            "pending": self.pending,
            "problem_count": self.problem_count,
            "problems": [{"kind": problem.kind.value, "message": problem.message} for problem in self.problems],
            "consistency": self.consistency,
        }


def verify(
    connection: Connection,
    verifiers: Iterable[Verifier],
    origin: str,
    *,
    saved: Iterable[Saved] = (),
    progress: Progress | None = None,
) -> Report:
    """Verifies all there is, within one read-only snapshot. `connection` is in autocommit and outside a transaction.

    progress: called now and then with the number of leaves done and their total.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    report, known = Report(), tuple(verifiers)
    with connection.transaction():
        _Tree(connection, known, origin, report, progress).check(list(saved))
        _check_keys(connection, known, report)
        _check_queue(connection, report)
        _check_completeness(connection, report)
    return report


class _Tree:
    """Rebuilds the tree from the entries and holds it against what is stored and what was signed."""

    def __init__(
        self,
        connection: Connection,
        verifiers: tuple[Verifier, ...],
        origin: str,
        report: Report,
        progress: Progress | None,
    ) -> None:
        self.connection, self.verifiers, self.origin, self.report = connection, verifiers, origin, report
        self.progress = progress or (lambda _done, _total: None)
        self.frontier = tree.Frontier()
        self.levels: dict[int, Iterator[tuple[int, bytes]]] = {}
        self.ahead: dict[int, tuple[int, bytes] | None] = {}
        self.blamed: set[tree.Place] = set()
        self.gap = False
        self.forked = False

    def check(self, saved: list[Saved]) -> None:
        heads = self._heads(saved)
        checkpoints = self._checkpoints()
        due = next(checkpoints, None)
        (total,) = self.connection.execute("SELECT count(*) FROM audit_log_leaf").fetchone() or (0,)
        for index, leaf, entry, exists, *fields in self._stream("leaves", LEAVES):
            self._check_entry(index, leaf, entry, exists, fields)
            self._append(index, leaf)
            while due and due[1].size <= self.frontier.size:
                self._check_head(*due)
                due = next(checkpoints, None)
            for label, head in heads.get(self.frontier.size, ()):
                self._check_head(label, head)
            if self.frontier.size % FETCH == 0:
                self.progress(self.frontier.size, total)
        self.progress(total, total)
        self.report.tree_size, self.report.root = self.frontier.size, self.frontier.root()
        self._check_nothing_is_left(due, checkpoints, heads)
        self._prove(heads)

    def _stream(self, name: str, query: str, parameters: Any = None) -> Iterator[Any]:
        with self.connection.cursor(name=f"verify_{name}") as cursor:
            cursor.itersize = FETCH
            cursor.execute(query, parameters)
            yield from cursor

    def _check_entry(self, index: int, leaf: bytes, entry: str, exists: bool, fields: list[Any]) -> None:
        if not exists:
            self.report.add(Kind.ENTRY_DELETED, f"leaf {index} is of entry {entry}, which is gone")
            return
        try:
            same = hash_of(from_row(fields)) == leaf
        except NotCanonical:
            same = False
        if not same:
            self.report.add(Kind.ENTRY_ALTERED, f"entry {entry} is not what was hashed as leaf {index}")

    def _append(self, index: int, leaf: bytes) -> None:
        if self.gap:
            return
        if index != self.frontier.size:
            self.gap = True
            self.report.add(
                Kind.LEAF_MISSING,
                f"leaf {self.frontier.size} is missing: the next is {index}, and no proof passes here",
            )
            return
        for level, position, computed in self.frontier.append(leaf):
            stored = self._stored(level, position)
            if stored == computed:
                continue
            children = {(level - 1, 2 * position), (level - 1, 2 * position + 1)}
            if not children & self.blamed:
                first, last = position << level, (position + 1 << level) - 1
                what = "is missing" if stored is None else "is not the hash of what is below it"
                self.report.add(
                    Kind.TREE_ALTERED,
                    f"the hash over leaves {first} to {last} {what}: they or it were replaced or reordered",
                )
            self.blamed.add((level, position))

    def _stored(self, level: int, position: int) -> bytes | None:
        if level not in self.levels:
            query = "SELECT index, hash FROM audit_log_node WHERE level = %s ORDER BY index"
            self.levels[level] = self._stream(f"level_{level}", query, [level])
            self.ahead[level] = next(self.levels[level], None)
        ahead = self.ahead[level]
        if ahead is None or ahead[0] != position:
            return None
        self.ahead[level] = next(self.levels[level], None)
        return ahead[1]

    def _heads(self, saved: list[Saved]) -> dict[int, list[tuple[str, Head]]]:
        heads: dict[int, list[tuple[str, Head]]] = {}
        for checkpoint in saved:
            try:
                head = open_checkpoint(checkpoint.note, self.verifiers, self.origin)
            except NoteError as error:
                self.report.add(Kind.CHECKPOINT_INVALID, f"{checkpoint.label}: {error}")
                continue
            heads.setdefault(head.size, []).append((checkpoint.label, head))
        return heads

    def _checkpoints(self) -> Iterator[tuple[str, Head]]:
        query = "SELECT tree_size, root, note FROM audit_log_checkpoint ORDER BY tree_size"
        for size, root, note in self._stream("checkpoints", query):
            self.report.checkpoints += 1
            try:
                head = open_checkpoint(note, self.verifiers, self.origin)
                if (head.size, head.root) != (size, root):
                    raise NoteError("its columns are not what its note says")  # noqa: TRY301 - reported with the rest
            except NoteError as error:
                self.report.add(Kind.CHECKPOINT_INVALID, f"checkpoint {size}: {error}")
                continue
            self.report.signed_size = size
            yield f"checkpoint {size}", head

    def _check_head(self, label: str, head: Head) -> None:
        # After a first fork every later head differs too; after a gap there is no root to compare.
        if self.forked or self.gap or self.frontier.root() == head.root:
            return
        self.forked = True
        self.report.add(Kind.LOG_FORKED, f"the first {head.size} leaves are not those that {label} signed")

    def _check_nothing_is_left(
        self,
        due: tuple[str, Head] | None,
        checkpoints: Iterator[tuple[str, Head]],
        heads: dict[int, list[tuple[str, Head]]],
    ) -> None:
        if self.gap:
            return
        size = self.frontier.size
        beyond = [due, *checkpoints] if due else []
        beyond += [named for at, group in heads.items() if at > size for named in group]
        for label, head in beyond:
            self.report.add(Kind.LOG_TRUNCATED, f"{label} signed {head.size} leaves; the log has {size}")
        (nodes,) = self.connection.execute("SELECT count(*) FROM audit_log_node").fetchone() or (0,)
        if nodes > size - size.bit_count():
            extra = nodes - (size - size.bit_count())
            self.report.add(Kind.TREE_ALTERED, f"{extra} hashes are stored that no {size} leaves give")

    def _prove(self, heads: dict[int, list[tuple[str, Head]]]) -> None:
        size, root = self.report.tree_size, self.report.root
        for old in sorted(at for at in heads if 0 < at <= size):
            try:
                with self.connection.cursor() as cursor:
                    proof = with_hashes(cursor, lambda node, old=old: tree.consistency_proof(old, size, node))
            except LogDamagedError:
                continue  # what is missing was named above
            for label, head in heads[old]:
                if tree.verify_consistency(old, size, proof, head.root, root):
                    steps = [_base64(step) for step in proof]
                    self.report.consistency.append({"from": label, "old": old, "new": size, "proof": steps})
                elif not self.forked:
                    self.report.add(Kind.TREE_ALTERED, f"no stored hashes prove that the log continues {label}")


def _check_keys(connection: Connection, known: tuple[Verifier, ...], report: Report) -> None:
    """The table that tells callers of the log's keys tells of no other."""
    ours = [verifier.vkey for verifier in known]
    query = "SELECT vkey FROM audit_log_verifierkey WHERE vkey <> ALL(%s::text[]) ORDER BY id"
    for (vkey,) in connection.execute(query, [ours]).fetchall():
        report.add(Kind.KEY_UNKNOWN, f"the database tells of a key that is not this log's: {vkey[:200]}")


def _check_queue(connection: Connection, report: Report) -> None:
    with connection.cursor(name="verify_pending") as cursor:
        for entry, exists, index, *fields in cursor.execute(PENDING):
            report.pending += 1
            try:
                pending_hash(exists, index, fields)
            except NotCanonical as error:
                report.add(Kind.PENDING_DAMAGED, f"entry {entry} cannot be sequenced: {error}")
    with connection.cursor(name="verify_unsequenced") as cursor:
        for (entry,) in cursor.execute(UNSEQUENCED):
            report.add(Kind.ENTRY_UNSEQUENCED, f"entry {entry} has no leaf and waits for none")


def _check_completeness(connection: Connection, report: Report) -> None:
    for name, sql in completeness_queries().items():
        kind = Kind.RECORD_ALTERED if tells_of_alteration(name) else Kind.INCOMPLETE
        wrapped = f"SELECT count(*), (array_agg(missing.what))[1:3] FROM ({sql}) AS missing (what)"  # noqa: S608 - ours
        try:
            with connection.transaction():
                count, examples = connection.execute(wrapped).fetchone() or (0, None)
        except psycopg.Error as error:
            report.add(Kind.INCOMPLETE, f"{name}: the check failed: {' '.join(str(error).split())}")
            continue
        if count:
            report.add(kind, f"{name}: not so for {count}, such as {', '.join(examples)}")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
