"""The one process that gives entries their place in the tree.

Writers leave pending rows and take no lock. Whoever holds the advisory lock takes them in batches, gives contiguous
indexes, stores leaf and interior hashes and removes the pending rows in one transaction, and signs checkpoints. The
lock belongs to the connection that does the work: if either is lost, so is the other, and a waiting sequencer takes
over. It polls rather than listens: NOTIFY takes a lock across the database at every writer's commit.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg

from audit.log import tree
from audit.log.canonical import NotCanonical
from audit.log.envelope import COLUMNS, pending_hash
from audit.log.files import CheckpointFiles, CheckpointStore
from audit.log.keys import LogKeys
from audit.log.notes import Head, NoteError, open_checkpoint, sign
from audit.log.store import LogDamagedError, read_hashes, with_hashes

log = logging.getLogger(__name__)

Connection = psycopg.Connection[tuple[Any, ...]]

ADVISORY_LOCK = 0x706C756D_6C6F6701  # "plumlog", 1
BATCH = 2000
POLL_SECONDS = 0.2
CHECKPOINT_SECONDS = 2.0
TAKE_OVER_SECONDS = 0.5
BACK_OFF_SECONDS = (0.25, 10.0)

# A pending table's statistics are always stale, so the planner is told what is right for a batch. The rest lets the
# server notice within seconds that a sequencer's machine is gone, and free its lock.
SESSION = """
SET enable_hashjoin = off; SET enable_mergejoin = off; SET client_connection_check_interval = '2s';
SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"""

TAKE = f"""
SELECT taken.id, entry.id IS NOT NULL, leaf.index, taken.entry_id, {COLUMNS}
FROM (SELECT id, entry_id FROM audit_log_pending WHERE id <> ALL(%s::bigint[])
      ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) AS taken
LEFT JOIN audit_log_entry AS entry ON entry.id = taken.entry_id
LEFT JOIN audit_log_leaf AS leaf ON leaf.entry_id = taken.entry_id
ORDER BY taken.id"""  # noqa: S608 - made of constants

LEAVES = """
INSERT INTO audit_log_leaf (index, entry_id, leaf_hash)
SELECT * FROM unnest(%b::bigint[], %b::uuid[], %b::bytea[])"""
KEYS = """
INSERT INTO audit_log_verifierkey (vkey) SELECT vkey FROM unnest(%s::text[]) WITH ORDINALITY AS known (vkey, place)
WHERE NOT EXISTS (SELECT FROM audit_log_verifierkey AS stored WHERE stored.vkey = known.vkey) ORDER BY place"""
NODES = """
INSERT INTO audit_log_node (level, index, hash)
SELECT * FROM unnest(%b::smallint[], %b::bigint[], %b::bytea[])"""


class Appender:
    """The tree's end, held in memory, on a connection that holds the lock. After any error it must be made anew."""

    def __init__(
        self,
        connection: Connection,
        keys: LogKeys,
        origin: str,
        files: CheckpointFiles,
        *,
        elsewhere: Sequence[CheckpointStore] = (),
        offer: Callable[[int, str], None] = lambda _size, _note: None,
    ) -> None:
        """Loads the end of the tree. Raises LogDamagedError where it does not continue what was signed.

        elsewhere: further places whose newest checkpoint it must continue. offer: is told of each new checkpoint.
        """
        self.connection, self.keys, self.origin, self.files = connection, keys, origin, files
        self.elsewhere, self.offer = elsewhere, offer
        self.refused: set[int] = set()
        (size,) = connection.execute("SELECT coalesce(max(index) + 1, 0) FROM audit_log_leaf").fetchone() or (0,)
        places = tree.peaks(size)
        with connection.cursor() as cursor:
            peaks = read_hashes(cursor, places)
        self.frontier = tree.Frontier(size, [peaks[place] for place in places])
        self.signed_size = self._check_signed()
        # The retired first: the newest of the table is the one that signs.
        connection.execute(KEYS, [[verifier.vkey for verifier in reversed(keys.verifiers)]])
        for store in (files, *elsewhere):
            self._publish(store.latest, lambda store=store: store.write_keys(keys.verifiers))

    def step(self, limit: int = BATCH) -> int:
        """Sequences up to `limit` pending entries in one transaction; returns how many it took from the queue."""
        with self.connection.transaction():
            rows = self.connection.execute(TAKE, [list(self.refused), limit]).fetchall()
            if not rows:
                return 0
            first, done, entries, leaves, nodes = self.frontier.size, [], [], [], []
            for pending, exists, index, entry, *fields in rows:
                try:
                    leaf = pending_hash(exists, index, fields)
                except NotCanonical as error:
                    # Left in the queue, where lag and verify_audit show it: a damaged row must not stop the log.
                    self.refused.add(pending)
                    log.error("entry %s cannot be sequenced: %s", entry, error)  # noqa: TRY400 - one line
                    continue
                done.append(pending)
                entries.append(entry)
                leaves.append(leaf)
                nodes += self.frontier.append(leaf)
            self._store(first, entries, leaves, nodes)
            self.connection.execute("DELETE FROM audit_log_pending WHERE id = ANY(%s::bigint[])", [done])
        return len(rows)

    def drain(self) -> int:
        """Sequences all that is pending now; returns the tree's size."""
        while self.step():
            pass
        return self.frontier.size

    def checkpoint(self) -> bool:
        """Signs the tree as it is, into the table and then the directory; False where it has not grown."""
        if self.frontier.size <= self.signed_size:
            return False
        head = Head(self.origin, self.frontier.size, self.frontier.root())
        note = sign(head.text(), self.keys.signer)
        self.connection.execute(
            "INSERT INTO audit_log_checkpoint (tree_size, root, note, at) VALUES (%s, %s, %s, %s)",
            [head.size, head.root, note, datetime.now(UTC)],
        )
        self.signed_size = head.size
        self._publish(self.files.latest, lambda: self.files.write(head.size, note))
        self.offer(head.size, note)
        return True

    def _store(self, first: int, entries: list[Any], leaves: list[bytes], nodes: list[tuple[int, int, bytes]]) -> None:
        self.connection.execute(LEAVES, [list(range(first, first + len(leaves))), entries, leaves])
        if nodes:
            self.connection.execute(NODES, [list(column) for column in zip(*nodes, strict=True)])

    def _check_signed(self) -> int:
        """The size of the newest checkpoint. A key holder that signed two histories would prove nothing."""
        row = self.connection.execute(
            "SELECT tree_size, root, note FROM audit_log_checkpoint ORDER BY tree_size DESC LIMIT 1"
        ).fetchone()
        size, note = 0, None
        if row:
            size, root, note = row
            self._must_continue(size, root, "the newest checkpoint in the database")
        for store in (self.files, *self.elsewhere):
            self._check_evidence(store, size, note)
        return size

    def _check_evidence(self, store: CheckpointStore, size: int, note: str | None) -> None:
        """What a place outside holds must be continued; what it lacks it is given."""
        try:
            latest = store.read_latest()
            head = open_checkpoint(latest, self.keys.verifiers, self.origin) if latest else None
        except (OSError, NoteError) as error:
            log.warning("%s cannot be used as evidence: %s", store.latest, error)
            return
        if head:
            self._must_continue(
                head.size,
                head.root,
                f"{store.latest} (if an older database was restored on purpose, move it away)",
            )
        if note and (head is None or head.size < size):
            self._publish(store.latest, lambda: store.write(size, note))

    def _must_continue(self, size: int, signed_root: bytes, what: str) -> None:
        if size > self.frontier.size:
            raise LogDamagedError(f"the log was cut back to {self.frontier.size} leaves; {size} are signed in {what}")
        with self.connection.cursor() as cursor:
            root = with_hashes(cursor, lambda node: tree.root(size, node))
        if root != signed_root:
            raise LogDamagedError(f"the log was rewritten: its first {size} leaves are not those signed in {what}")

    @staticmethod
    def _publish(where: str, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            log.error("cannot write %s: %s", where, error)  # noqa: TRY400 - one line


class Sequencer:
    """Leads when it can, waits when another does, comes back after every loss of the database."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        keys: LogKeys,
        origin: str,
        files: CheckpointFiles,
        *,
        batch: int = BATCH,
        poll: float = POLL_SECONDS,
        checkpoint_every: float = CHECKPOINT_SECONDS,
        elsewhere: Sequence[CheckpointStore] = (),
        offer: Callable[[int, str], None] = lambda _size, _note: None,
    ) -> None:
        """Times are in seconds; the last two as for Appender."""
        self.elsewhere, self.offer = elsewhere, offer
        self.connect, self.keys, self.origin, self.files = connect, keys, origin, files
        self.batch, self.poll, self.checkpoint_every = batch, poll, checkpoint_every
        self._pause = BACK_OFF_SECONDS[0]

    def run(self, stop: threading.Event) -> None:
        """Returns once `stop` is set, after a last checkpoint."""
        while not stop.is_set():
            try:
                with self.connect() as connection:
                    connection.execute(SESSION)
                    if self._lead(connection, stop):
                        self._serve(connection, stop)
            except (psycopg.Error, LogDamagedError) as error:
                log.error("%s; trying again in %.2g s", " ".join(str(error).split()), self._pause)  # noqa: TRY400
                stop.wait(self._pause)
                self._pause = min(self._pause * 2, BACK_OFF_SECONDS[1])
        log.info("stopped")

    def _lead(self, connection: Connection, stop: threading.Event) -> bool:
        said = False
        while not stop.is_set():
            (leads,) = connection.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK]).fetchone() or (False,)
            if leads:
                return True
            if not said:
                log.info("another sequencer leads; waiting")
                said = True
            stop.wait(TAKE_OVER_SECONDS)
        return False

    def _serve(self, connection: Connection, stop: threading.Event) -> None:
        appender = Appender(connection, self.keys, self.origin, self.files, elsewhere=self.elsewhere, offer=self.offer)
        log.info("leading, %d leaves, %d signed", appender.frontier.size, appender.signed_size)
        due = time.monotonic()
        while not stop.is_set():
            taken = appender.step(self.batch)
            self._pause = BACK_OFF_SECONDS[0]
            if time.monotonic() >= due and appender.checkpoint():
                due = time.monotonic() + self.checkpoint_every
            if taken < self.batch:
                stop.wait(self.poll)
        appender.checkpoint()
