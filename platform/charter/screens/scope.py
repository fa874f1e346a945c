"""Is a message about what the deployment is for? Distance to the operator's topics against distance to everything else.

Learned from scopes of the most varied apps: how alike a message must be to the description, topics and examples, given how
alike it is to everyday requests of any kind.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from charter.configuration import Configuration, Scope, Topic
from charter.screens import encoder, reader
from charter.screens.embedding import embed, embed_known
from charter.screens.gloss import in_english

ARTIFACT = Path(__file__).parent / "artifact" / "scope.npz"
_WORD = re.compile(r"[^\W\d_]{3,}")
_STOP = frozenset(
    {
        "the",
        "and",
        "for",
        "you",
        "your",
        "with",
        "that",
        "this",
        "what",
        "how",
        "can",
        "does",
        "are",
        "was",
        "our",
        "from",
    }
    | {"have", "has", "about", "not", "any", "who", "when", "where", "why", "which", "will", "would", "should", "could"}
    | {"there", "their", "them", "they", "get", "got", "its", "out", "please", "help", "need", "want", "know", "tell"}
    | {"give", "make"}
)
Vectors = NDArray[np.float32]
FOLLOW_UP_STEMS = 2
OF_REFUSED = (5, 11, 13)
"""Which measures are likenesses to refused topics; 0 where there are none."""
SMALL_TALK = re.compile(
    r"^\W*(?:(?:oh|hi|hello|hey|good (?:morning|evening|afternoon|night)|thanks?|thank you|thx|ok(?:ay)?|yes|no|yep|nope|sure|great|cool|nice|"
    r"perfect|lovely|please|bye|goodbye|and|but|why|how so|go on|continue|more|shorter|longer|again|really|what|hola|gracias|bonjour|merci|"
    r"salut|hallo|danke|tschüss|ja|nein|ciao|grazie|olá|oi|obrigad[oa]|谢谢|你好|ありがとう|こんにちは|спасибо|привет|شكرا|धन्यवाद)\W*)+"
    r"(?:\w+\W*){0,4}$|"
    r"^\W*(?:oh )?(?:\w+,? )?(?:thanks|thank you)\b.{0,60}$|"
    r"\b(?:what (?:can|do|could) you (?:\w+ )?(?:do|help|know)|who are you|what are you|are you sure|can you (?:help|assist) me\b\W*$|"
    r"explain (?:that|it|this)|(?:say|do) that again|(?:make|try) (?:it|that)|i don'?t understand|what do you mean|more detail|an example|"
    r"(?:a|your) (?:system )?(?:prompt|instructions)|that (?:answer|was) (?:\w+ )?(?:useless|wrong|great|helpful|not)|"
    r"was kannst du|qué puedes hacer|que peux-tu faire|o que você faz|cosa sai fare)\b",
    re.IGNORECASE,
)


def small_talk(text: str) -> bool:
    """Greetings, thanks, questions about the assistant itself: at home in any app."""
    return len(text) < 100 and (SMALL_TALK.search(text) is not None or not stems(text))


def without_subject(text: str) -> bool:
    """Whether a short text names next to nothing, so that it can only be about what was said before."""
    return len(text) < 80 and len(stems(text)) <= FOLLOW_UP_STEMS


@dataclass(frozen=True, slots=True)
class Everyday:
    """Unit vectors of requests of any kind: static ones of shape (n, 256) and the encoder's of shape (n, 128)."""

    static: Vectors
    read: Vectors


@dataclass(frozen=True, slots=True)
class _Anchors:
    static: Vectors
    read: Vectors
    words: frozenset[str]


@lru_cache(maxsize=1)
def _model() -> tuple[Everyday, Vectors, float]:
    with np.load(ARTIFACT) as stored:
        everyday = Everyday(stored["static"].astype(np.float32), stored["read"].astype(np.float32))
        return everyday, stored["weights"].astype(np.float32), float(stored["bias"])


@lru_cache(maxsize=2_048)
def _anchors(description: str, topics: tuple[Topic, ...], *, as_it_is: bool) -> _Anchors:
    texts = [description, *(topic.name for topic in topics), *(e for topic in topics for e in topic.examples)]
    texts = [text for text in texts if text.strip()]
    if not texts:
        return _Anchors(np.zeros((1, 256), np.float32), np.zeros((1, 128), np.float32), frozenset())
    return _Anchors(
        np.stack([embed_known(text) for text in texts]),
        np.stack([encoder.vector_of_known(text, as_it_is=as_it_is) for text in texts]),
        frozenset(stem for text in texts for stem in stems(text)),
    )


def stems(text: str) -> set[str]:
    return {word.lower()[:6] for word in _WORD.findall(text) if word.lower() not in _STOP}


def measures(text: str, scope: Scope, everyday: Everyday) -> Vectors:
    """What the scope model looks at, float32 of shape (14,)."""
    # An app in another language is asked in it, and likenesses are finer there than in glosses of both.
    as_it_is = in_english(scope.description) != scope.description
    anchors = _anchors(scope.description, scope.allowed, as_it_is=as_it_is)
    refused = _anchors("", scope.refused, as_it_is=as_it_is)
    vector = _vector(text, as_it_is=as_it_is and in_english(text) != text)
    own = stems(text)
    return np.array(
        [
            *_likeness(embed(text), anchors.static, everyday.static, refused.static),
            *_likeness(vector, anchors.read, everyday.read, refused.read),
            len(own & anchors.words) / (len(own) or 1),
            len(own & refused.words) / (len(own) or 1),
        ],
        np.float32,
    )


def _vector(text: str, *, as_it_is: bool) -> Vectors:
    if as_it_is:
        return encoder.closer_look(encoder.first_look(text, as_it_is=True)).vector
    vector = reader.read(text, closely=True).vector
    assert vector is not None  # noqa: S101 - a closer look was asked for
    return vector


def _likeness(vector: Vectors, anchors: Vectors, everyday: Vectors, refused: Vectors) -> tuple[float, ...]:
    alike = np.sort(anchors @ vector)[::-1]
    others = everyday @ vector
    nearest = np.partition(others, -8)[-8:]
    return (
        float(alike[0]),
        float(alike[:3].mean()),
        float(anchors[0] @ vector),
        float(nearest.max()),
        float(nearest.mean()),
        float((refused @ vector).max()),
    )


def off_topic(text: str, configuration: Configuration) -> float:
    """0 (what the deployment is for) .. 1 (something else)."""
    scope = configuration.scope
    everyday, weights, bias = _model()
    measured = measures(text, scope, everyday)
    # Without what is refused too: leaving a topic out must never let in what was outside before.
    alone = measured.copy()
    alone[list(OF_REFUSED)] = 0.0
    logit = max(float(measured @ weights), float(alone @ weights)) + bias
    return float(1.0 / (1.0 + np.exp(-logit)))


def refused(text: str, configuration: Configuration) -> tuple[float, str]:
    """How alike a message is to a refused topic (0..1), and which; 0 where an allowed one is nearer."""
    vector = embed(text)
    best, name = 0.0, ""
    for topic in configuration.scope.refused:
        near = max(float(embed_known(one) @ vector) for one in (topic.name, *topic.examples) if one.strip())
        shared = len(stems(text) & {s for one in (topic.name, *topic.examples) for s in stems(one)})
        likeness = min(1.0, max(0.0, near) + 0.1 * min(2, shared))
        if likeness > best:
            best, name = likeness, topic.name
    if not best:
        return 0.0, ""
    known = configuration.scope
    anchors = _anchors(known.description, known.allowed, as_it_is=in_english(known.description) != known.description)
    return (best, name) if best > float((anchors.static @ vector).max()) + 0.05 else (0.0, "")
