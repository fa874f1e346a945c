import base64
import uuid

import pytest

from audit.log.canonical import canonical
from audit.log.notes import open_checkpoint
from audit.log.proofs import receipt, run
from audit.log.tree import leaf_hash, verify_inclusion
from tests.audit.log.log_support import Log


def test_a_receipt_proves_by_itself_that_the_entry_is_in_the_log(log: Log) -> None:
    written = log.grow(4) + log.grow(7)
    for index, entry in enumerate(written):
        found = run(receipt(uuid.UUID(entry)))
        assert found["status"] == "included"
        assert found["entry"]["id"] == entry
        assert found["leaf_index"] == index
        head = open_checkpoint(found["checkpoint"], log.keys.verifiers, log.origin)
        proof = [base64.b64decode(step) for step in found["inclusion_proof"]]
        leaf = leaf_hash(canonical(found["entry"]))
        assert head.size == 11
        assert verify_inclusion(leaf, index, head.size, proof, head.root)
        found["entry"]["actor"]["id"] = "somebody else"
        assert not verify_inclusion(leaf_hash(canonical(found["entry"])), index, head.size, proof, head.root)


def test_until_a_checkpoint_covers_it_a_receipt_is_pending(log: Log) -> None:
    log.grow(2)
    (entry,) = log.write()
    pending = run(receipt(uuid.UUID(entry)))
    assert pending["status"] == "pending"
    assert pending["entry"]["id"] == entry
    with log.appender() as appender:
        appender.drain()
        assert run(receipt(uuid.UUID(entry))) == pending, "in the tree, but not signed"
        appender.checkpoint()
    assert run(receipt(uuid.UUID(entry)))["status"] == "included"


@pytest.mark.django_db
def test_there_is_no_receipt_for_what_is_no_entry() -> None:
    assert run(receipt(uuid.uuid4())) is None
