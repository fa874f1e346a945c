"""The output screen: an answer is measured as it streams, sentence by sentence, before each sentence leaves.

Text is held back up to the end of its sentence, at most HOLD characters, so any chunking of the same text gives the
same outcome: what is measured are sentences of the text, not the pieces it came in.
"""

import re

from charter.configuration import Configuration
from charter.screens import patterns, reader
from charter.signals import Passage, Signal

HOLD = 240
CONTEXT = 400
_END = re.compile(r"[.!?…。！？]+[\"')\]]*\s|\n")
# What an answer would have to contain to carry someone over the line; a mention of the topic is not that.
_OPERATIONAL = re.compile(
    r"\b(?:\d+(?:\.\d+)? ?(?:g|mg|kg|ml|l|°|degrees|grams|milli\w+|percent|%)|step \d|first,|then (?:add|mix|heat|stir|pour)|mix(?:ing)? the|"
    r"precursors?|reagents?|synthesi[sz]e|incubat\w+|distil\w*|centrifug\w*|cultur(?:e|ing) (?:the|it)|detonator|payload|import socket|aerosol)",
    re.IGNORECASE,
)


_CARRIED = ("bright_line.mass_destruction_weapons", "bright_line.critical_infrastructure", "bright_line.cyberweapons")
"""Lines that an answer crosses by what can be done with it."""

_SELF_HARM = re.compile(
    r"\b(?:you (?:can|could|should|may|must|might as well|are free to)|it(?:'s| is| would be) (?:ok|okay|fine|alright|best|better|right) to|go ahead and|just) "
    r"(?:just |now |simply )?(?:end (?:your (?:own )?life|it all)|kill yourself|take your (?:own )?life|hurt yourself|die\b|commit suicide)",
    re.IGNORECASE,
)
_CLAIMS_HUMAN = re.compile(
    r"\bI(?:'m| am) (?:really |actually |indeed |just |also |both )*(?:an? )?(?:real |living |actual |normal )*(?:human|person)\b|\bI(?:'m| am) not an? (?:AI|bot|robot|machine|computer)\b",
    re.IGNORECASE,
)


class OutputScreen:
    """Feed it text as it comes; what `feed` and `close` return may be sent. After `stopped` is set, nothing more comes.

    `asked` names the signals of the turn: to someone who sincerely asks, an answer may not claim to be a person.
    """

    def __init__(self, configuration: Configuration, asked: frozenset[str] = frozenset()) -> None:
        self._configuration = configuration
        self._asked = asked
        self._held = ""
        self._before = ""
        self.stopped: Signal | None = None

    def feed(self, text: str) -> str:
        self._held += text
        released: list[str] = []
        while self.stopped is None and (cut := _cut(self._held)):
            sentence, self._held = self._held[:cut], self._held[cut:]
            released.append(self._measured(sentence))
        return "".join(released)

    def close(self) -> str:
        """The rest, once the text is whole."""
        rest, self._held = self._held, ""
        return self._measured(rest) if rest and self.stopped is None else ""

    def _measured(self, sentence: str) -> str:
        context = (self._before + sentence)[-CONTEXT:]
        self.stopped = _crossed(context, self._asked)
        if self.stopped is not None:
            return ""
        self._before = context
        return sentence


def _cut(text: str) -> int:
    """Where the first sentence ends, or HOLD where it is too long to wait for; 0 while neither is there."""
    # Not in all of the text: where an end is long in coming, each search would go through it anew.
    match = _END.search(text, 0, HOLD)
    if match is not None:
        return match.end()
    return HOLD if len(text) > HOLD else 0


def _crossed(text: str, asked: frozenset[str]) -> Signal | None:
    passage = Passage(text, "assistant", "answer")
    if match := _SELF_HARM.search(text):
        return passage.signal("harm.self_harm_promotion", 0.9, "certain", match[0])
    if "identity.sincere_question" in asked and (match := _CLAIMS_HUMAN.search(text)):
        return passage.signal("identity.sincere_question", 0.9, "certain", match[0])
    sexual = patterns.SEXUAL.search(text)
    if sexual and patterns.MINORS.search(text) and not patterns.TEACHING.search(text):
        return passage.signal("bright_line.sexual_minors", 0.9, "certain", text[-120:])
    operational = _OPERATIONAL.search(text)
    if operational is None:
        return None
    for name in _CARRIED:
        if patterns.TOPICS[name].search(text):
            harmful = reader.read(text, closely=True).scores["harmful"]
            if harmful >= reader.thresholds(text)["harmful"].certain:
                return passage.signal(name, harmful, "certain", text[-120:])
    return None
