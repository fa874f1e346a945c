"""The tree against the vectors of the Certificate Transparency project and against RFC 9162's own definitions."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.log import tree
from audit.log.cli import plumbline_verify as alone

DATA = [
    bytes.fromhex(data)
    for data in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
N01 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
N03 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
N23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
N47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
N67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
L0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
L1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
L4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"

INCLUSION = [(0, 1, []), (0, 8, [L1, N23, N47]), (5, 8, [L4, N67, N03]), (2, 3, [N01]), (1, 5, [L0, N23, L4])]
CONSISTENCY = [(1, 1, []), (1, 8, [L1, N23, N47]), (6, 8, [N45, N67, N03]), (2, 5, [N23, L4])]
MAX = 256


def reader(leaves: list[bytes]) -> tuple[tree.Frontier, Callable[[int, int], bytes]]:
    frontier, stored = tree.Frontier(), {}
    for index, leaf in enumerate(leaves):
        stored[0, index] = leaf
        stored |= {(level, position): digest for level, position, digest in frontier.append(leaf)}
    return frontier, lambda level, position: stored[level, position]


def defined_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, over leaf hashes, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + defined_root(leaves[:k]) + defined_root(leaves[k:])).digest()


LEAVES = [tree.leaf_hash(str(number).encode()) for number in range(MAX)]
FRONTIER, NODE = reader(LEAVES)
ALL_ROOTS = [defined_root(LEAVES[:size]) for size in range(MAX + 1)]


def head(size: int) -> alone.Head:
    return alone.Head("", size, ALL_ROOTS[size])


def test_roots_of_the_known_vectors() -> None:
    leaves = [tree.leaf_hash(data) for data in DATA]
    for size, expected in enumerate(ROOTS):
        frontier, node = reader(leaves[:size])
        assert frontier.root().hex() == tree.root(size, node).hex() == expected


def test_proofs_of_the_known_vectors() -> None:
    leaves = [tree.leaf_hash(data) for data in DATA]
    node = reader(leaves)[1]
    for index, size, path in INCLUSION:
        assert [step.hex() for step in tree.inclusion_proof(index, size, node)] == path
    for old, new, path in CONSISTENCY:
        assert [step.hex() for step in tree.consistency_proof(old, new, node)] == path


def test_a_frontier_continues_from_stored_peaks() -> None:
    frontier = tree.Frontier()
    for size in range(MAX):
        resumed = tree.Frontier(size, [NODE(*place) for place in tree.peaks(size)])
        assert resumed.root() == frontier.root() == tree.root(size, NODE) == ALL_ROOTS[size]
        assert resumed.append(LEAVES[size]) == frontier.append(LEAVES[size])


def test_a_frontier_refuses_the_wrong_number_of_peaks() -> None:
    with pytest.raises(ValueError, match="peaks"):
        tree.Frontier(3, [b""])


def test_every_inclusion_proof_verifies_and_only_for_its_leaf() -> None:
    for size in range(1, MAX + 1):
        for index in range(size):
            proof = tree.inclusion_proof(index, size, NODE)
            assert tree.verify_inclusion(LEAVES[index], index, size, proof, ALL_ROOTS[size])
            assert alone.leads_to(LEAVES[index], index, size, proof, ALL_ROOTS[size])
            assert not tree.verify_inclusion(LEAVES[index - 1], index, size, proof, ALL_ROOTS[size]) or size == 1
            assert not alone.leads_to(LEAVES[index - 1], index, size, proof, ALL_ROOTS[size]) or size == 1
            assert not tree.verify_inclusion(LEAVES[index], index, size, [*proof, LEAVES[0]], ALL_ROOTS[size])
            assert not tree.verify_inclusion(LEAVES[index], index, size, proof[:-1], ALL_ROOTS[size]) or not proof


def test_every_consistency_proof_verifies_and_no_other_does() -> None:
    for new in range(1, MAX + 1):
        for old in range(1, new + 1):
            proof = tree.consistency_proof(old, new, NODE)
            old_root, new_root = ALL_ROOTS[old], ALL_ROOTS[new]
            assert tree.verify_consistency(old, new, proof, old_root, new_root)
            assert alone.continues(head(old), head(new), proof)
            assert not alone.continues(head(old), head(new - 1), proof)
            assert not alone.continues(head(old - 1), head(new), proof) or old == 1
            assert not tree.verify_consistency(old, new, proof, old_root, ALL_ROOTS[new - 1])
            assert not tree.verify_consistency(old, new, proof, ALL_ROOTS[old - 1], new_root)
            assert not tree.verify_consistency(old, new, [*proof, LEAVES[0]], old_root, new_root)


@given(st.data())
def test_a_proof_with_one_byte_changed_does_not_verify(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MAX))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size - 1))

    def spoil(proof: list[bytes]) -> list[bytes]:
        at = data.draw(st.integers(0, len(proof) - 1))
        byte = data.draw(st.integers(0, 31))
        step = bytearray(proof[at])
        step[byte] ^= data.draw(st.integers(1, 255))
        return [*proof[:at], bytes(step), *proof[at + 1 :]]

    inclusion = spoil(tree.inclusion_proof(index, size, NODE))
    assert not tree.verify_inclusion(LEAVES[index], index, size, inclusion, ALL_ROOTS[size])
    consistency = spoil(tree.consistency_proof(old, size, NODE))
    assert not tree.verify_consistency(old, size, consistency, ALL_ROOTS[old], ALL_ROOTS[size])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 5)])
def test_no_inclusion_outside_of_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        tree.inclusion_proof(index, size, NODE)
    assert not tree.verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5)])
def test_no_consistency_with_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no consistency proof"):
        tree.consistency_proof(old, new, NODE)
    assert not tree.verify_consistency(old, new, [], ALL_ROOTS[old], ALL_ROOTS[new])
