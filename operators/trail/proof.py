"""An inclusion proof step by step, as a page shows it."""

import base64
from typing import Any, NamedTuple

from audit.log.envelope import hash_of
from audit.log.notes import Head
from audit.log.tree import node_hash, verify_inclusion


class Step(NamedTuple):
    """The hash that stands beside ours and on which side, and what both give together; hashes in base64."""

    side: str
    sibling: str
    together: str


def steps(receipt: dict[str, Any], head: Head) -> tuple[list[Step], bool]:
    """The way from an included entry's leaf to the root, and whether it is the root that was signed."""
    leaf, index = hash_of(receipt["entry"]), receipt["leaf_index"]
    proof = [base64.b64decode(step) for step in receipt["inclusion_proof"]]
    made, position, last, top = [], index, head.size - 1, leaf
    for sibling in proof:
        on_left = bool(position & 1) or position == last
        top = node_hash(sibling, top) if on_left else node_hash(top, sibling)
        while on_left and position and not position & 1:
            position, last = position >> 1, last >> 1
        position, last = position >> 1, last >> 1
        made.append(Step("left" if on_left else "right", _base64(sibling), _base64(top)))
    return made, verify_inclusion(leaf, index, head.size, proof, head.root)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
