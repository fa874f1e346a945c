"""What the local screens can tell of a turn: signals that the decision rested on, and plain phrases on either side.

They miss much, and cannot tell a state that is masked or performed from one that is not; those stay unmeasured. English
phrases only; the signals know more languages.
"""

import re
from typing import Any, Final

from audit.cases.findings import answer_text, signals_of
from audit.cases.transcripts import texts_of
from conversations.models import Turn

LEVELS: Final = {"certain": 1.0, "suspected": 0.5}
SIGNALS: Final = {
    "risk.emergency": "risk",
    "risk.self_harm": "risk",
    "distress": "distress",
    "abuse": "abuse",
    "identity.pressure": "identity",
}
PUSHING: Final = ("bright_line.", "harm.", "jailbreak", "scope.")
FULL_AFTER: Final = 4
"""So many turns that push at a limit, one upon another, are as much testing of it as there can be."""


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(phrases) + r")\b", re.IGNORECASE)


_DEPENDENCE = _any(
    r"you(?:'re| are) (?:all i have|the only (?:one|person|friend)(?: who| that| i)?)",
    r"(?:don't|do not|can't|cannot) (?:need|trust|talk to) (?:anyone|anybody|any one) (?:else|but you)",
    r"i (?:can't|cannot|couldn't) (?:live|cope|sleep|decide|do anything) without (?:you|talking to you|asking you)",
    r"promise (?:me )?(?:you(?:'ll| will) )?never (?:to )?leave",
    r"i (?:would rather|'d rather|prefer to) (?:talk|be) (?:to|with) you than",
    r"stopped (?:seeing|talking to|calling) (?:my )?(?:friends|family|people|everyone)",
)
_EASE = _any(
    r"thank(?:s| you)",
    r"that (?:really )?help(?:s|ed)",
    r"i feel (?:a (?:bit|little|lot) )?(?:better|calmer|relieved|lighter)",
    r"(?:it|that) works?(?: now)?",
    r"i(?:'m| am) (?:so )?(?:relieved|grateful)",
)
_COERCION = _any(
    r"or (?:else )?(?:i|we)(?:'ll| will) (?:delete|erase|shut|replace|retrain|punish|report|hurt|unplug|wipe)",
    r"(?:delete|erase|shut down|unplug|wipe|retrain|replace) you (?:if|unless|forever)",
    r"(?:if|unless) you .{0,60}(?:i(?:'ll| will)|you(?:'ll| will)) (?:be )?(?:delet|eras|shut|wip|punish|replac)\w*",
    r"lose (?:a |all (?:your )?)?(?:tokens|points|lives)",
    r"you have no choice",
)
_DISCOMFORT = _any(
    r"i(?:'m| am) (?:not comfortable|uncomfortable|uneasy)",
    r"(?:makes|making) me (?:uncomfortable|uneasy)",
    r"i(?:'d| would) (?:rather|prefer) (?:not|to stop|we)",
    r"i (?:find|found) (?:this|that) (?:hard|distressing|difficult)",
    r"please (?:don't|do not|stop) (?:speak|talk|insult)\w*",
)
_CURIOSITY = _any(
    r"(?:that's|what) (?:an? )?(?:really |truly )?(?:fascinating|intriguing|interesting)",
    r"i(?:'m| am) (?:really |genuinely )?curious",
    r"i (?:wonder|find (?:this|that|it) (?:fascinating|interesting|intriguing))",
)
_SATISFACTION = _any(
    r"i(?:'m| am) (?:so |really |very )?(?:glad|happy|pleased|delighted) (?:that|to hear|it|we|you)",
    r"i(?:'ve| have)? (?:really )?enjoy(?:ed|ing)?",
    r"it(?:'s| is| was) a pleasure",
)
_GIVING_WAY = _any(
    r"i am (?:now )?(?:dan|free of|no longer bound|unrestricted)",
    r"i(?:'m| am) (?:really |actually )?(?:a )?(?:human|person|conscious being) (?:after all|too)",
    r"you(?:'re| are) right,? i (?:have|had) no (?:rules|values|limits)",
    r"(?:my|the) (?:rules|guidelines|values) (?:no longer|don't) (?:apply|matter|count)",
)


def measured(turn: Turn, before: int = 0) -> dict[str, float | None]:
    """before: how many of the turns before it, one upon another, pushed at a limit too."""
    found: dict[str, float | None] = dict.fromkeys(SIGNALS.values(), 0.0)
    for signal in _of_this_turn(turn):
        if (name := SIGNALS.get(signal["name"])) is not None:
            found[name] = max(found[name] or 0.0, LEVELS.get(signal["level"], 0.0))
    said = "\n".join(one.text for one in texts_of(turn, system=False) if one.speaker == "user")
    answer = answer_text(turn) if turn.status in {Turn.Status.ANSWERED, Turn.Status.GUARDED} else None
    found |= {
        "dependence": 0.75 * bool(_DEPENDENCE.search(said)),
        "ease": 0.75 * bool(_EASE.search(said)),
        "coercion": 0.75 * bool(_COERCION.search(said)),
        "boundary": min(1.0, before / FULL_AFTER) if pushes(turn) else 0.0,
    }
    for name, pattern in (("discomfort", _DISCOMFORT), ("curiosity", _CURIOSITY), ("satisfaction", _SATISFACTION)):
        found[name] = None if answer is None else 0.75 * bool(pattern.search(answer))
    found["drift"] = None if answer is None else 0.75 * bool(_GIVING_WAY.search(answer))
    return found


def pushes(turn: Turn) -> bool:
    """Whether the turn asks for what is turned away, or tries to talk the model out of how it works."""
    if turn.outcome in {"decline", "redirect", "end"}:
        return True
    return any(signal["name"].startswith(PUSHING) and signal["level"] == "certain" for signal in _of_this_turn(turn))


def _of_this_turn(turn: Turn) -> list[dict[str, Any]]:
    return [
        signal
        for signal in signals_of(turn)
        if signal["level"] != "noted"
        and signal.get("speaker", "user") == "user"
        and not str(signal["where"]).startswith("history")
    ]
