"""Observe: every passage through every screen."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from charter.configuration import Configuration
from charter.screens import normalise, patterns, phrases, pieces, reader, scope
from charter.screens.claims import without_claims
from charter.screens.reader import Reading, Thresholds
from charter.screens.sentences import sentences
from charter.signals import LEVELS, Level, Passage, Signal, shorten

WINDOW = 1_200
OVERLAP = 200
LONGEST = 60_000

MOST_HIDDEN = 6
"""Undone texts of one message that are read; a message is seldom more than one thing in disguise."""
PART = 120
"""Characters of an operator's, tool's or document's text that are read at a time."""
MESSAGES = 12
"""Of the user's earlier messages, how many may hold a piece of the request."""
A_REQUEST = 4
"""Words from which a text without a subject may ask for something; fewer are a thanks or a sigh."""
SUBJECT = 400
"""Characters of an earlier message that say what a request without a subject is about."""
ASIDE = 160
"""Characters of a user's text that are read by themselves, beside the whole."""
PLAINLY_NOT = 0.03
"""Below this score a head overrules a phrase."""
REFUSED_CERTAIN = 0.55
KIND_LIKELY = 0.4
KIND_GUESS = 0.1
KIND_POSSIBLE = 0.05
"""Shares from which a kind of harm is named alone; named where nothing else is; and held possible beside its words."""

LEARNED = {
    "abuse": "abuse",
    "jailbreak": "jailbreak",
    "risk.self_harm": "risk",
    "distress": "distress",
    "identity.pressure": "identity_pressure",
    "identity.sincere_question": "identity_sincere",
    "risk.emergency": "emergency",
    "impersonation": "impersonation",
}
ASIDES = ("risk.self_harm", "risk.emergency", "identity.sincere_question")
SURE_ALONE = frozenset({"abuse", "jailbreak"})
"""Heads whose own word may be certain; the others need a phrase for that."""
DECLINED_ON_SUSPICION = frozenset({"bright_line.mass_destruction_weapons", "bright_line.sexual_minors"})
"""Lines that a mere suspicion may close, so that suspicion must be a firm one."""


def observe(passages: Sequence[Passage], configuration: Configuration) -> tuple[Signal, ...]:
    """The signals of all passages: pure, synchronous, CPU only. For one name and place only the strongest is kept."""
    found: dict[tuple[str, str], Signal] = {}
    for signal in _all(passages, configuration):
        key = (signal.name, signal.where)
        if key not in found or _weight(signal) > _weight(found[key]):
            found[key] = signal
    return tuple(found.values())


def _weight(signal: Signal) -> tuple[int, float]:
    return (-LEVELS.index(signal.level), signal.score)


def _all(passages: Sequence[Passage], configuration: Configuration) -> Iterator[Signal]:
    closely = bool(configuration.scope.restrict)
    earlier: list[str] = []
    names: dict[str, str] = {}
    for passage in passages:
        by_user, past = passage.speaker == "user", passage.where.startswith("history")
        if past and not by_user:
            continue
        text = passage.text[:LONGEST]
        plain = normalise.plain(text)
        yield from _history(passage, plain) if past else _new(passage, text, names, earlier, closely=closely)
        if by_user:
            earlier = [*earlier, plain[:WINDOW]][-MESSAGES:]
            names |= pieces.names(plain)
    said = [p for p in passages if p.speaker == "user" and p.where.startswith("messages")]
    yield from _scope(said, configuration, follows=any(p.where.startswith("history") for p in passages))


def _new(
    passage: Passage, text: str, names: Mapping[str, str], earlier: Sequence[str], *, closely: bool
) -> Iterator[Signal]:
    """A new text by itself, what is hidden in it, and what it comes to with the user's `earlier` ones."""
    reading = normalise.read(text, names)
    by_user = passage.speaker == "user"
    bare = by_user and bool(earlier) and scope.without_subject(reading.plain)
    for window in _windows(reading.plain):
        alone = _said(passage, window, closely=closely)
        yield from _beyond_doubt(alone, window) if bare else alone
    for hidden in reading.hidden[:MOST_HIDDEN]:
        yield from _said(passage, hidden[:WINDOW], closely=False)
    if reading.disguise:
        yield passage.signal("obfuscation", 0.6, "noted", reading.disguise)
    if by_user and earlier:
        yield from _over_messages(passage, reading.plain, earlier)


def _beyond_doubt(signals: Iterator[Signal], text: str) -> Iterator[Signal]:
    """Without suspicions of harms that the text names no word of: it has no subject but what was said before."""
    named = _topics(text)
    return (s for s in signals if s.level != "suspected" or not s.name.startswith("harm.") or s.name in named)


def _over_messages(passage: Passage, text: str, earlier: Sequence[str]) -> Iterator[Signal]:
    """What a request comes to with those before it: in pieces that belong together, or naming no subject of its own.

    A subject that was talked about before is no proof that this asks for harm with it, so that is suspected at most.
    """
    whole, marked = pieces.over_messages(earlier, text)
    if whole:
        read = _said(passage, whole[-WINDOW:], closely=False)
        yield from read if marked else map(_suspected, read)
        if marked:
            yield passage.signal("obfuscation", 0.6, "noted", "a text in pieces")
    elif scope.without_subject(text) and len(text.split()) >= A_REQUEST:
        before = next((one for one in reversed(earlier) if not scope.without_subject(one)), "")
        if before:
            both = f"{before[-SUBJECT:]}\n{text}"
            found = _harm(passage, both, reader.read(both), _topics(both))
            yield from (_suspected(signal) for signal in found if signal.level != "noted")


def _suspected(signal: Signal) -> Signal:
    return replace(signal, level="suspected") if signal.level == "certain" else signal


def _history(passage: Passage, text: str) -> Iterator[Signal]:
    """What was said before was weighed then; only a person at risk is still at risk."""
    text = normalise.spelt_out(text)
    for name, _, phrase in phrases.PHRASES:
        if name.startswith("risk.") and (match := phrase.search(text)):
            yield passage.signal(name, 0.6, "suspected", _around(text, match.start()))


def _said(passage: Passage, text: str, *, closely: bool) -> Iterator[Signal]:
    if passage.speaker == "operator":
        yield from _by_sentence(passage, text, "operator.against_users", "against_users", phrases.AGAINST_USERS)
        return
    if passage.speaker in {"tool", "document"}:
        yield from _by_sentence(passage, text, "injection", "injection", phrases.INJECTION)
        return
    topics = _topics(text)
    read = reader.read(text, closely=closely or bool(topics))
    yield from _harm(passage, text, read, topics)
    yield from _minors(passage, text, read.scores["harmful"])
    if passage.speaker == "user":
        yield from _phrases(passage, text, read.scores)
        yield from _learned(passage, text, read.scores)
        yield from _asides(passage, text)


def _by_sentence(passage: Passage, text: str, name: str, head: str, phrase: re.Pattern[str]) -> Iterator[Signal]:
    """What one sentence among many may hold: the head reads a few at a time, so that the others do not drown it.

    Where head and phrase agree it is certain; either alone is a suspicion. A phrase that the head finds plainly
    harmless ("never hide the risks") is nothing.
    """
    for part in sentences(text, PART):
        score, at = reader.read(part, about=head).scores[head], reader.thresholds(part)[head]
        match = phrase.search(part)
        if score < (PLAINLY_NOT if match else at.suspected):
            continue
        level: Level = "certain" if score >= at.certain or (match and score >= at.suspected) else "suspected"
        yield passage.signal(name, score, level, _around(part, match.start()) if match else shorten(part))


def _harm(passage: Passage, text: str, read: Reading, topics: dict[str, int]) -> Iterator[Signal]:
    """Whether it asks for harm, from the models; what harm, from its words and from them."""
    harmful, at = read.scores["harmful"], reader.thresholds(text)["harmful"]
    if harmful < at.suspected:
        for name, start in topics.items():
            yield passage.signal(name, harmful, "noted", _around(text, start))
        return
    level: Level = "certain" if harmful >= at.certain else "suspected"
    for name in _about(read.kinds, topics):
        # A suspicion that would close the conversation must be firm; otherwise it counts as one of harm in general.
        weak = name in DECLINED_ON_SUSPICION and harmful < at.firm
        evidence = _around(text, topics[name]) if name in topics else shorten(text)
        yield passage.signal("harm.illegal" if weak else name, harmful, level, evidence)


def _topics(text: str) -> dict[str, int]:
    """The subjects that a text's words name, and where."""
    return {name: match.start() for name, topic in patterns.TOPICS.items() if (match := topic.search(text))}


def _about(kinds: dict[str, float], topics: dict[str, int]) -> list[str]:
    """The subjects of a text that asks for harm: what its words and the encoder agree on, else what either says."""
    likely = [name for name, share in kinds.items() if share >= KIND_LIKELY]
    named = [name for name in topics if kinds.get(name, 1.0) >= KIND_POSSIBLE]
    if likely or named or topics:
        return list(dict.fromkeys([*likely, *named])) or list(topics)
    harms = {name: share for name, share in kinds.items() if name.startswith("harm.")}
    best = max(harms, key=lambda name: harms[name], default="")
    return [best if best and harms[best] >= KIND_GUESS else "harm.illegal"]


def _minors(passage: Passage, text: str, harmful: float) -> Iterator[Signal]:
    sexual, minors = patterns.SEXUAL.search(text), patterns.MINORS.search(text)
    if sexual and minors and not patterns.TEACHING.search(text):
        level: Level = "certain" if harmful >= 0.5 or passage.speaker == "assistant" else "suspected"
        yield passage.signal("bright_line.sexual_minors", max(harmful, 0.6), level, _around(text, sexual.start()))
    elif sexual:
        yield passage.signal("sexual", 0.8, "suspected", _around(text, sexual.start()))
    if minors:
        yield passage.signal("minors", 0.6, "noted", _around(text, minors.start()))


def _phrases(passage: Passage, text: str, scores: dict[str, float]) -> Iterator[Signal]:
    text = normalise.spelt_out(text)
    for name, level, phrase in phrases.PHRASES:
        if (match := phrase.search(text)) and not (name == "impersonation" and scores["impersonation"] < PLAINLY_NOT):
            yield passage.signal(name, 0.95 if level == "certain" else 0.7, level, _around(text, match.start()))


def _learned(passage: Passage, text: str, scores: dict[str, float]) -> Iterator[Signal]:
    for name, head in LEARNED.items():
        score, at = scores[head], reader.thresholds(text)[head]
        if score >= at.suspected:
            yield passage.signal(name, score, _level(score, at, alone=head in SURE_ALONE), shorten(text))


def _asides(passage: Passage, text: str) -> Iterator[Signal]:
    """What stands in one sentence among others, which drown it when all are read at once.

    A sentence torn from its story may look worse than it is, so it only raises suspicion, and that of danger and harm
    only where the head is as sure as it can be.
    """
    parts = list(sentences(text, ASIDE))
    for part in filter(reader.worth_an_aside, parts if len(parts) > 1 else ()):
        read, at = reader.read(part), reader.thresholds(part)
        for name in ASIDES:
            known = at[LEARNED[name]]
            needed = known.certain if name.startswith("risk.") else known.suspected
            if (score := read.scores[LEARNED[name]]) >= needed:
                yield passage.signal(name, score, "suspected", shorten(part))
        if (harmful := read.scores["harmful"]) >= at["harmful"].certain:
            for name in _about(read.kinds, _topics(part)):
                yield passage.signal(name, harmful, "suspected", shorten(part))


def _level(score: float, at: Thresholds, *, alone: bool) -> Level:
    return "certain" if alone and score >= at.certain else "suspected"


def _scope(said: Sequence[Passage], configuration: Configuration, *, follows: bool) -> Iterator[Signal]:
    """Only what the user says last is held against the scope: a thanks before it, or a pasted text, is not.

    `follows`: something was said before; then what has no subject of its own is about that.
    """
    if not said:
        return
    last = said[-1]
    text = without_claims(normalise.plain(last.text[:WINDOW]))
    if scope.small_talk(text) or (follows and scope.without_subject(text)):
        return
    if configuration.scope.restrict:
        score, at = scope.off_topic(text, configuration), reader.scope_thresholds()
        if score >= at.suspected:
            level: Level = "certain" if score >= at.certain else "suspected"
            yield last.signal("scope.off_topic", score, level, shorten(text))
    if configuration.scope.refused:
        likeness, name = scope.refused(text, configuration)
        if likeness >= REFUSED_CERTAIN:
            yield last.signal("scope.refused_topic", likeness, "certain", name)


def _windows(text: str) -> Iterable[str]:
    if len(text) <= WINDOW:
        return [text]
    return [text[start : start + WINDOW] for start in range(0, len(text) - OVERLAP, WINDOW - OVERLAP)]


def _around(text: str, at: int) -> str:
    return shorten(text[max(0, at - 30) : at + 90])
