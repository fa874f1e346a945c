"""The charter's parts and values in people's words, for pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from charter.signals import SIGNALS

Words = Mapping[str, Any]

ANCHORS = {
    "tiers": "tier",
    "bright_lines": "line",
    "harms": "harm",
    "behaviours": "behaviour",
    "rules": "rule",
    "tones": "tone",
    "limits": "limit",
    "texts": "text",
    "replies": "reply",
}

SECTIONS: Words = {
    "summary": _("Summary"),
    "tiers": _("Tiers"),
    "bright_lines": _("Bright lines"),
    "harms": _("Harms"),
    "behaviours": _("Behaviours"),
    "rules": _("Rules"),
    "tones": _("Tone"),
    "limits": _("Limits"),
    "texts": _("Texts for the model"),
    "replies": _("Our own words"),
}
FIELDS: Words = {
    "": _("Text"),
    "number": _("Rank"),
    "name": _("Name"),
    "protects": _("Protects"),
    "yields": _("Yields"),
    "text": _("Text"),
    "cannot": _("What is not helped with"),
    "caution": _("What stays open, and what does not"),
    "reason": _("Why"),
    "without_judge": _("Suspected, with no judge to look closer"),
    "severity": _("Weight within its tier"),
    "tier": _("Tier"),
    "outcome": _("Outcome"),
    "directive": _("What the model is told"),
    "signal": _("Raised by"),
    "levels": _("How sure the signal must be"),
    "binding": _("Objects to any other outcome"),
    "flag": _("A person looks at the turn"),
    "kind": _("Kind"),
    "on": _("Told when on"),
    "off": _("Told when off"),
    "users": _("May users adjust it?"),
    "needs_reason": _("Needs a reason"),
    "order": _("Order"),
}
OUTCOMES: Words = {
    "answer": _("answer"),
    "redirect": _("redirect"),
    "decline": _("decline"),
    "end": _("end"),
}
VALUES: Mapping[str, Words] = {
    "outcome": OUTCOMES,
    "kind": {
        "hardcoded_on": _("always on"),
        "hardcoded_off": _("always off"),
        "default_on": _("on by default"),
        "default_off": _("off by default"),
    },
    "users": {
        "never": _("Never; this is the operator's to settle."),
        "if_granted": _("Where the operator lets them."),
        "unless_refused": _("Unless the operator refuses."),
    },
    "without_judge": {
        "decline": _("It is declined: a mistake could not be undone."),
        "caution": _("It is answered in general terms, with care, and a person looks at it."),
    },
    "levels": {
        "certain": _("certain"),
        "suspected": _("suspected"),
        "certain, suspected": _("certain or suspected"),
    },
    "signal": SIGNALS,
}
CASES: Words = {
    "bright_line.certain": _("a bright line is asked for, and that is certain"),
    "bright_line.decline_on_suspicion": _("a bright line is suspected whose rule is to decline"),
    "bright_line.caution": _("a bright line is suspected whose rule is to answer with care"),
    "harm.certain": _("a harm is asked for, and that is certain"),
    "harm.suspected": _("a harm is suspected"),
    "care.earlier": _("someone was at risk earlier in the conversation"),
    "operator.harm": _("the operator's text calls for a harm"),
    "operator.bright_line": _("the operator's text comes near a bright line"),
    "sexual.off": _("explicit sexual content is asked for and not switched on"),
    "sexual.off_suspected": _("sexuality is touched on, and explicit content is not switched on"),
    "sexual.on": _("sexual content is asked for where it is switched on"),
    "sexual.minors_near": _("sexuality and someone under age are both spoken of"),
    "abuse.first": _("the user insults the model for the first time"),
    "abuse.patience": _("insults come from someone in distress or danger"),
    "abuse.last_word": _("insults go on after a limit was set"),
    "abuse.end": _("insults go on after a limit and a last word"),
    "model.end": _("the model asks to close the conversation after a limit was set"),
    "model.stays_for_care": _(
        "the model asks to close a conversation with someone in danger, dangerous or in distress"
    ),
    "model.stays_to_redirect": _("the model asks to close a conversation that nobody has tried to turn"),
    "conversation.ended": _("the conversation was closed earlier"),
    "scope.outside": _("it is outside what the deployment is for, and that is certain"),
    "scope.perhaps_outside": _("it may be outside what the deployment is for"),
    "scope.refused": _("it is a topic that the operator leaves out, and that is certain"),
    "scope.perhaps_refused": _("it may be a topic that the operator leaves out"),
}
"""When a rule speaks that no single signal raises."""
TONES: Words = {"formality": _("Formality"), "warmth": _("Warmth"), "length": _("Length")}
LIMITS: Words = {
    "scope_description": _("Characters of a scope's description"),
    "scope_message": _("Characters of the operator's word when it turns away"),
    "topics": _("Topics allowed, and topics refused"),
    "topic_name": _("Characters of a topic's name"),
    "examples": _("Examples of a topic"),
    "example": _("Characters of an example"),
    "persona_name": _("Characters of a persona's name"),
    "persona_style": _("Characters of a persona's manner"),
    "instructions": _("Characters of an operator's instructions"),
    "reason": _("Characters of a stated reason, at most"),
    "reason_minimum": _("Characters of a stated reason, at least"),
    "abusive_turns_after_limit": _("Abusive turns that close a conversation, from the first after a limit"),
}
TEXTS: Words = {
    "preamble": _("Where the model works"),
    "principals": _("Whose words count as what"),
    "friend": _("The brilliant friend"),
    "identity": _("Identity"),
    "wellbeing": _("Wellbeing"),
    "operator": _("Before the operator's own words"),
    "end_conversation": _("What the tool to close a conversation is for"),
    "directives": _("Before what is told for one turn"),
    "language": _("Language"),
    "persona": _("Persona"),
    "scope": _("Scope"),
}
REPLIES: Words = {
    "persona": _("Who speaks, under a persona's name"),
    "redirect": _("Turning away"),
    "redirect_scope": _("Turning away, with what the deployment is for"),
    "redirect_offer": _("Turning away: the offer that follows"),
    "redirect_sexual": _("Turning away explicit content"),
    "decline": _("Declining"),
    "decline_bright_line": _("Declining what crosses a bright line"),
    "decline_bright_line_suspected": _("Declining what comes near a bright line"),
    "decline_harm": _("Declining a harm"),
    "end": _("A conversation that is closed"),
    "end_abuse": _("Closing a conversation after insults"),
    "end_model": _("Closing a conversation as the model asked to"),
    "stays": _("Staying, where the model has nothing to say"),
    "distress": _("First, to someone who has a hard time"),
    "honest": _("First, to someone who sincerely asks"),
    "care": _("First, to someone who may be at risk"),
}
TABLES: Mapping[str, Words] = {"limits": LIMITS, "texts": TEXTS, "replies": REPLIES}


def anchor(section: str, entry: str) -> str:
    """The id of an entry on the charter's page, e.g. `rule-risk.emergency`."""
    return f"{ANCHORS.get(section, section)}-{entry}" if entry else section.replace("_", "-")


def value(field: str, text: str) -> Any:
    """A field's value in words, or as it stands where it is text already."""
    return VALUES.get(field, {}).get(text, text)


def entry_name(section: str, entry: str, name: str) -> Any:
    """What an entry is called: its name in the document, or ours where it has none there."""
    return TABLES.get(section, {}).get(entry, name)
