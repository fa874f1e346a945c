"""The tree against an independent implementation. It is under the GPL, so it is here and not in the product."""

import pytest
from pymerkle import InmemoryTree

from audit.log import tree
from tests.audit.log.test_log_tree import reader

SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 64, 100, 127, 200]
DATA = [f"entry {number}".encode() for number in range(max(SIZES))]
LEAVES = [tree.leaf_hash(data) for data in DATA]


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    made = InmemoryTree(algorithm="sha256")
    for data in DATA:
        made.append_entry(data)
    return made


@pytest.mark.parametrize("size", SIZES)
def test_roots_are_the_same(oracle: InmemoryTree, size: int) -> None:
    assert reader(LEAVES[:size])[0].root() == oracle.get_root(size)


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_proofs_hold_the_same_hashes(oracle: InmemoryTree, size: int) -> None:
    """It writes a proof's hashes from left to right, with the leaf; RFC 9162 from the leaf up, without it."""
    node = reader(LEAVES[:size])[1]
    for index in range(0, size, max(1, size // 16)):
        theirs = {bytes.fromhex(step) for step in oracle.prove_inclusion(index + 1, size).serialize()["path"]}
        assert {LEAVES[index], *tree.inclusion_proof(index, size, node)} == theirs


@pytest.mark.parametrize("size", SIZES)
def test_consistency_proofs_lead_to_its_roots(oracle: InmemoryTree, size: int) -> None:
    node = reader(LEAVES[:size])[1]
    for old in range(1, size + 1, max(1, size // 16)):
        ours = tree.consistency_proof(old, size, node)
        assert tree.verify_consistency(old, size, ours, oracle.get_root(old), oracle.get_root(size))
