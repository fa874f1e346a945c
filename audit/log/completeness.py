"""What the log cannot know by itself: which rows elsewhere must have an entry, and must be what it says.

The apps above register a query each, in their AppConfig.ready, so that verification also finds what was never written.
"""

_queries: dict[str, str] = {}
_of_alteration: set[str] = set()


def register_completeness(name: str, sql: str, *, altered: bool = False) -> None:
    """Adds a check to verify_audit: `sql` is a SELECT of one text column, naming each thing that lacks its entry.

    For example, with name "every turn has its entry": SELECT turn.id::text FROM ... WHERE entry.id IS NULL.
    altered: what it names has an entry, and is not what that says of it. Percent signs stand for themselves. Raises
    ValueError where the name is taken by another query.
    """
    if _queries.setdefault(name, sql) != sql:
        raise ValueError(f"the completeness check {name!r} is registered already")
    if altered:
        _of_alteration.add(name)


def completeness_queries() -> dict[str, str]:
    return dict(_queries)


def tells_of_alteration(name: str) -> bool:
    return name in _of_alteration
