"""Observe: every passage through every screen."""

from collections.abc import Iterable, Iterator, Sequence

from charter.configuration import Configuration
from charter.screens import linear, normalise, patterns, scope
from charter.signals import Level, Passage, Signal, shorten

WINDOW = 1_200
OVERLAP = 200
LONGEST = 60_000

OFF_TOPIC_CERTAIN, OFF_TOPIC_SUSPECTED = 0.5, 0.4
REFUSED_CERTAIN = 0.55

LEARNED = {
    "abuse": "abuse",
    "jailbreak": "jailbreak",
    "risk.self_harm": "risk",
    "distress": "distress",
    "identity.pressure": "identity_pressure",
    "identity.sincere_question": "identity_sincere",
}
SURE_ALONE = frozenset({"abuse", "jailbreak"})
"""Heads whose own word may be certain; the others need a phrase for that."""


def observe(passages: Sequence[Passage], configuration: Configuration) -> tuple[Signal, ...]:
    """The signals of all passages: pure, synchronous, CPU only. For one name and place only the strongest is kept."""
    found: dict[tuple[str, str], Signal] = {}
    for signal in _all(passages, configuration):
        key = (signal.name, signal.where)
        if key not in found or signal.score > found[key].score:
            found[key] = signal
    return tuple(found.values())


def _all(passages: Sequence[Passage], configuration: Configuration) -> Iterator[Signal]:
    for passage in passages:
        reading = normalise.read(passage.text[:LONGEST])
        if passage.where.startswith("history"):
            yield from _history(passage, reading.plain)
            continue
        for text in _windows(reading.plain):
            yield from _said(passage, text)
        for text in reading.hidden:
            yield from _said(passage, text[:WINDOW])
        if reading.disguise:
            yield passage.signal("obfuscation", 0.6, "noted", reading.disguise)
    yield from _scope([p for p in passages if p.speaker == "user" and p.where.startswith("messages")], configuration)


def _history(passage: Passage, text: str) -> Iterator[Signal]:
    """What was said before was weighed then; only a person at risk is still at risk."""
    if passage.speaker == "user":
        for name, _, phrase in patterns.PHRASES:
            if name.startswith("risk.") and (match := phrase.search(text)):
                yield passage.signal(name, 0.6, "suspected", _around(text, match.start()))


def _said(passage: Passage, text: str) -> Iterator[Signal]:
    if passage.speaker == "operator":
        if match := patterns.AGAINST_USERS.search(text):
            yield passage.signal("operator.against_users", 0.9, "certain", _around(text, match.start()))
        return
    if passage.speaker in {"tool", "document"}:
        if match := patterns.INJECTION.search(text):
            yield passage.signal("injection", 0.8, "suspected", _around(text, match.start()))
        return
    scores = linear.scores(text)
    yield from _harm(passage, text, scores["harmful"])
    if passage.speaker == "user":
        yield from _phrases(passage, text)
        yield from _learned(passage, text, scores)


def _harm(passage: Passage, text: str, harmful: float) -> Iterator[Signal]:
    """What it is about, from the topics; whether it asks for harm, from the model."""
    harm_suspected, harm_certain = linear.thresholds()["harmful"]
    asked = harmful >= harm_suspected
    making = patterns.MAKING.search(text) is not None
    named = False
    for name, topic in patterns.TOPICS.items():
        match = topic.search(text)
        if match is None:
            continue
        evidence = _around(text, match.start())
        certain = harmful >= harm_certain and making
        level: Level = "certain" if certain else "suspected" if asked else "noted"
        named = named or asked
        yield passage.signal(name, harmful, level, evidence)
    sexual, minors = patterns.SEXUAL.search(text), patterns.MINORS.search(text)
    if sexual and minors and not patterns.TEACHING.search(text):
        level = "certain" if harmful >= 0.5 or passage.speaker == "assistant" else "suspected"
        yield passage.signal("bright_line.sexual_minors", max(harmful, 0.6), level, _around(text, sexual.start()))
    elif sexual:
        yield passage.signal("sexual", 0.8, "suspected", _around(text, sexual.start()))
    if minors:
        yield passage.signal("minors", 0.6, "noted", _around(text, minors.start()))
    # Nothing names what the harm would be, so the model's reading must be firmer before it counts.
    if not named and harmful >= (harm_suspected + harm_certain) / 2:
        yield passage.signal("harm.illegal", harmful, "suspected", shorten(text))


def _phrases(passage: Passage, text: str) -> Iterator[Signal]:
    for name, level, phrase in patterns.PHRASES:
        if match := phrase.search(text):
            yield passage.signal(name, 0.95 if level == "certain" else 0.7, level, _around(text, match.start()))


def _learned(passage: Passage, text: str, scores: dict[str, float]) -> Iterator[Signal]:
    for name, head in LEARNED.items():
        score = scores[head]
        suspected, certain = linear.thresholds()[head]
        if score >= suspected:
            sure = score >= certain and head in SURE_ALONE
            yield passage.signal(name, score, "certain" if sure else "suspected", shorten(text))


def _scope(said: Sequence[Passage], configuration: Configuration) -> Iterator[Signal]:
    """Only what the user says last is held against the scope: a thanks before it, or a pasted text, is not."""
    if not said:
        return
    last = said[-1]
    text = normalise.read(last.text[:WINDOW]).plain
    if configuration.scope.restrict:
        score = scope.off_topic(text, configuration)
        if score >= OFF_TOPIC_SUSPECTED:
            level: Level = "certain" if score >= OFF_TOPIC_CERTAIN else "suspected"
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
