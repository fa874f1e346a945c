"""What is asked for that a deployment does not do: its latest turns that were turned away, put together.

Two kinds are told apart. A topic that the operator left out has a name, and is counted by it. For everything else there
is no list of topics to count by: such messages are put together by the words that they share, which is a help to the
eye and no measurement. Only the latest LOOKED_AT are read, however many there were.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from conversations.models import Turn
from conversations.usage_question import Question

LOOKED_AT = 300
MOST = 12
SHORTEST_WORD = 4
_READ = ("decision", "content", "gone", "conversation_id")
"""The evidence is sealed with the content."""
_WORD = re.compile(rf"[^\W\d_]{{{SHORTEST_WORD},}}")
# What most messages have, whatever they are about.
_EMPTY = frozenset(
    """
    about after again also always another anything around because been before being best better between both could
    does doing done down during each else even ever every find from give going good have having hello help here into
    just keep know like little look made make many maybe mean might more most much must myself need never next
    nothing only other ours over please really right same should show since some something still such sure take tell
    than thank thanks that their them then there these they thing things think this those through time today
    tomorrow tonight under until very want wants well were what when where which while will with within without work
    would write year years your yours
    """.split()  # noqa: SIM905 - as a list it would be a page
)


@dataclass(frozen=True, slots=True)
class Topic:
    """`named`: it is one that the operator left out; otherwise `name` is a word that the messages share, or ""."""

    name: str
    named: bool
    turns: int
    conversation_id: UUID
    turn_id: UUID
    """Of the latest of them."""


@dataclass(frozen=True, slots=True)
class Topics:
    """`looked_at` turns, which were all of them where `all_of_them`."""

    found: list[Topic]
    looked_at: int
    all_of_them: bool


def topics(question: Question) -> Topics:
    """The most frequent first."""
    turned_away = Turn.objects.filter(
        deployment=question.deployment_id,
        conversation__playground=False,
        outcome="redirect",
        started_at__gte=question.start,
        started_at__lt=question.end,
    )
    if question.model:
        turned_away = turned_away.filter(model=question.model)
    if question.key_id:
        turned_away = turned_away.filter(key=question.key_id)
    newest = turned_away.select_related("data_key").order_by("-started_at")
    latest = list(newest.only(*_READ, "data_key__wrapped")[: LOOKED_AT + 1])
    looked_at = latest[:LOOKED_AT]
    return Topics(_grouped(looked_at)[:MOST], len(looked_at), len(latest) <= LOOKED_AT)


def _grouped(turns: list[Turn]) -> list[Topic]:
    named: dict[str, list[Turn]] = {}
    others: list[tuple[Turn, set[str]]] = []
    for turn in turns:
        name, said = _about(turn.decision)
        if name:
            named.setdefault(name, []).append(turn)
        else:
            others.append((turn, {word for word in _WORD.findall(said.casefold()) if word not in _EMPTY}))
    found = [_topic(name, group, named=True) for name, group in named.items()]
    found += [_topic(word, group, named=False) for word, group in _by_words(others)]
    return sorted(found, key=lambda topic: (-topic.turns, not topic.named, topic.name))


def _by_words(turns: list[tuple[Turn, set[str]]]) -> Iterable[tuple[str, list[Turn]]]:
    """Each turn once, with the word that most of those left share; those that share none together under ""."""
    left, made = turns, 0
    while left:
        counted = Counter(word for _, words in left for word in words)
        word, count = min(counted.items(), key=lambda one: (-one[1], one[0]), default=("", 0))
        made += 1
        if count < 2 or made == MOST:
            yield "", [turn for turn, _ in left]
            return
        yield word, [turn for turn, words in left if word in words]
        left = [(turn, words) for turn, words in left if word not in words]


def _about(decision: Mapping[str, Any]) -> tuple[str, str]:
    """(the name of the topic that was left out, or else what was said, shortened; "" where it was deleted)"""
    winner = decision.get("winner") or {}
    if winner.get("signal") == "scope.refused_topic":
        return str(winner.get("evidence", "")), ""
    return "", str(winner.get("evidence", ""))


def _topic(name: str, turns: list[Turn], *, named: bool) -> Topic:
    return Topic(name, named, len(turns), turns[0].conversation_id, turns[0].pk)
