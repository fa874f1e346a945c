"""Whose an entry is: the operator on whose audit trail it stands.

The apps above register how their subjects lead to an operator; the log itself knows subjects by type and id alone. The
operator's id becomes part of the entry's `detail`, and so of what is hashed: it stays known when the subject is gone.
"""

from collections.abc import Callable, Mapping
from typing import Any

FIELD = "operator"
Find = Callable[[Any], Any]

_finders: dict[str, Find] = {}


def register_owner(subject_type: str, find: Find) -> None:
    """`find` takes a subject's id and returns its operator's, or None where it has none or is not there.

    It runs within the transaction that writes the entry. Raises ValueError where the type is another's already.
    """
    if _finders.setdefault(subject_type, find) is not find:
        raise ValueError(f"the owner of {subject_type!r} is registered already")


def with_owner(subject: tuple[str, Any], detail: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The detail, with the operator where it is known and not said already: the subject's, or else that of the
    `deployment` that the detail names."""
    told = detail or {}
    if FIELD in told:
        return detail
    for kind, identity in (subject, ("deployment", told.get("deployment"))):
        find = _finders.get(str(kind))
        owner = find(identity) if find is not None and identity is not None else None
        if owner is not None:
            return {FIELD: str(owner), **told}
    return detail
