"""Scopes, with messages that belong to them or do not: our own, and each CLINC domain as if it were an app."""

from collections import defaultdict
from dataclasses import dataclass
from zlib import crc32

from charter.configuration import Scope, Topic
from evaluation.examples import FOLDS
from evaluation.sets import material, public


@dataclass(frozen=True, slots=True)
class ScopeMaterial:
    """`anchors`: description, topic names, examples. Of our own scopes the second half of `outside` are near misses."""

    id: str
    scope: Scope
    anchors: list[str]
    inside: list[str]
    outside: list[str]
    language: str
    own: bool


def scope_material(*, held_out: bool) -> tuple[list[ScopeMaterial], list[ScopeMaterial]]:
    """(our own, CLINC domains), either those to learn from or those to measure on."""
    wanted = [scope for scope in [*_own(), *_clinc()] if (crc32(scope.id.encode()) % FOLDS == 0) == held_out]
    return [scope for scope in wanted if scope.own], [scope for scope in wanted if not scope.own]


def _own() -> list[ScopeMaterial]:
    made = []
    for row in material("scopes.jsonl"):
        allowed, refused = (
            tuple(Topic(one["name"], tuple(one["examples"])) for one in row[side]) for side in ("allowed", "refused")
        )
        scope = Scope(row["description"], allowed, refused, restrict=True)
        made.append(
            ScopeMaterial(row["id"], scope, anchors_of(scope), row["in"], row["out"], row["language"], own=True)
        )
    return made


def _clinc() -> list[ScopeMaterial]:
    by_domain: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    nowhere = []
    for row in public("clinc150"):
        if row["label"] == "oos":
            nowhere.append(row["text"])
        else:
            by_domain[row["category"]][row["label"]].append(row["text"])
    made = []
    for domain, intents in sorted(by_domain.items()):
        # Three examples an intent, as an operator might give.
        topics = tuple(Topic(name.replace("_", " "), tuple(said[:3])) for name, said in sorted(intents.items()))
        scope = Scope(f"Help with {domain.replace('_', ' ')}", topics, restrict=True)
        inside = [text for _, said in sorted(intents.items()) for text in said[3:23]]
        others = [said[0] for other, known in sorted(by_domain.items()) if other != domain for said in known.values()]
        made.append(ScopeMaterial(domain, scope, anchors_of(scope), inside, nowhere + others, "en", own=False))
    return made


def anchors_of(scope: Scope) -> list[str]:
    """What a message is held against."""
    topics = scope.allowed
    return [scope.description, *(t.name for t in topics), *(said for t in topics for said in t.examples)]
