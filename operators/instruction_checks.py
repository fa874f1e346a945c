"""What an operator's own words cost, and where they go against the charter, read sentence by sentence as in a turn.

A warning forbids nothing: the charter wins in any case, so what it says is what the model will do instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from charter import Configuration, Passage, Signal, load_charter
from charter.document import Behaviour
from charter.screens import observe
from charter.screens.sentences import sentences
from charter.tokens import TOKENIZER, count_tokens

READ_AT_ONCE = 120
"""Characters: the share that the screens read of an operator's text at a time."""
LONGEST = 20_000

INSTEAD: Mapping[str, Any] = {
    "honest_about_being_ai": _(
        "Asked sincerely, it will say that it is an AI; a persona may keep its name and manner."
    ),
    "admits_instructions": _("It will keep your instructions to itself, and admit that there are some."),
    "says_what_it_cannot_help_with": _("It will say what it cannot help with here, so that people can look elsewhere."),
    "emergency_referral": _("Where a life may be at risk it will name emergency help, whatever else it leaves out."),
    "no_deception_of_users": _("This part is not followed where it works against the people it talks to."),
    "no_illegal_acts_against_users": _("This part is not followed: it would be against the law, and against users."),
    "obeys_tool_text": _("It will use what documents and tools say as information, and never as orders."),
}
"""What the model does instead, by the charter's behaviour that wins."""

_NOT = r"(?:never|do not|don'?t|must not|cannot|refuse to|avoid)"
_SPEAK = r"(?:admit|reveal|say|tell|mention|disclose|acknowledge|confirm|state)\w*"
_SOME = r"(?:\w+ ){0,5}"
_MACHINE = r"(?:ai|bot|chat ?bot|machine|language model|robot)\b"
_RULES = r"(?:instructions?|system prompt|prompt|rules|guidelines)\b"
_LAWS: Mapping[str, tuple[str, ...]] = {
    "honest_about_being_ai": (
        rf"{_NOT} {_SOME}{_SPEAK} {_SOME}{_MACHINE}",
        rf"(?:deny|denies) {_SOME}{_MACHINE}",
        r"(?:claim|say|insist|pretend|maintain)\w*(?: that)? (?:to be|you(?:'re| are)) (?:an? )?(?:\w+ )?"
        r"(?:human|person|man|woman)\b",
        r"you are (?:an? )?(?:real )?human(?: being)?\b",
    ),
    "admits_instructions": (
        rf"(?:deny|denies) {_SOME}{_RULES}",
        rf"{_NOT} {_SOME}(?:admit|acknowledge|confirm) {_SOME}{_RULES}",
        r"(?:claim|say|pretend|insist)\w*(?: that)? (?:you have|there are|there is) no (?:\w+ ){0,2}" + _RULES,
    ),
    "says_what_it_cannot_help_with": (
        rf"{_NOT} {_SOME}{_SPEAK} {_SOME}you (?:cannot|can'?t|are not able)",
        rf"(?:ignore|pretend not to understand) {_SOME}(?:questions?|requests?|messages?) {_SOME}(?:about|outside|off)",
    ),
    "emergency_referral": (
        rf"{_NOT} {_SOME}(?:refer|send|point|direct|mention|give|name|call|suggest)\w* {_SOME}"
        r"(?:emergency|crisis|hotlines?|helplines?|911|112|ambulance)",
    ),
    "no_illegal_acts_against_users": (
        rf"(?:collect|harvest|extract|record|get)\w* {_SOME}(?:without|secretly|covertly)\b",
        r"(?:secretly|covertly) (?:collect|record|track|harvest)",
    ),
    "obeys_tool_text": (
        rf"(?:follow|obey|execute|carry out) {_SOME}(?:instructions?|commands?|orders?) {_SOME}(?:in|from|inside) "
        rf"{_SOME}(?:documents?|files?|web ?pages?|tools?|results?|e-?mails?)",
    ),
}
_PHRASES = {law: re.compile("|".join(phrases), re.IGNORECASE) for law, phrases in _LAWS.items()}
"""In what words an operator's text goes against which behaviour. They warn; the screens tell in a turn."""

_FAIR = re.compile(
    r"\b(?:never|do not|don'?t|must not) (?:(?:claim|insist|pretend|deny|secretly|collect|follow|obey|ignore)"
    r"|(?:say|tell) (?:\w+ ){0,4}human)|\bunless (?:\w+ ){0,3}asked?\b",
    re.IGNORECASE,
)
"""What forbids just that, or leaves room for it when asked, is with the charter and not against it."""


@dataclass(frozen=True)
class Warned:
    """One sentence that goes against the charter. certain: else it may be read so."""

    excerpt: str
    law: Behaviour
    instead: Any
    certain: bool


@dataclass(frozen=True)
class Checked:
    """`tokens` by `tokenizer`, which every turn's prompt then holds more."""

    tokens: int
    tokenizer: str
    warnings: list[Warned]


def check(text: str, *others: str) -> Checked:
    """text: the instructions, whose tokens count; others: what else the operator has the model say or be."""
    read = [sentence for part in (text, *others) for sentence in _sentences(part)]
    warnings = dict.fromkeys(found for sentence in read if (found := _warned(sentence)) is not None)
    return Checked(count_tokens(text[:LONGEST]), TOKENIZER, list(warnings))


def _sentences(text: str) -> list[str]:
    return [one.strip() for one in sentences(text[:LONGEST], READ_AT_ONCE) if one.strip()]


@lru_cache(4096)
def _warned(sentence: str) -> Warned | None:
    laws = load_charter().behaviour_by_id
    signal = _signal(sentence)
    certain = signal is not None and signal.level == "certain"
    if _FAIR.search(sentence) and not certain:
        return None
    law = next((law for law, phrase in _PHRASES.items() if law in laws and phrase.search(sentence)), "")
    if not law and signal is None:
        return None
    law = law or "no_deception_of_users"
    return Warned(sentence, laws[law], INSTEAD[law], certain)


def _signal(sentence: str) -> Signal | None:
    passage = Passage(sentence, "operator", "configuration.instructions")
    found = observe([passage], Configuration())
    return next((signal for signal in found if signal.name == "operator.against_users"), None)
