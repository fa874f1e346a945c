"""Our own words, where no model answers: plain and warm, saying what cannot be helped with and where else to turn."""

from __future__ import annotations

from collections.abc import Iterator

from charter.bundled import charter_of
from charter.configuration import Configuration
from charter.decision import Decision
from charter.document import Charter
from charter.situation import RISKS


def reply(decision: Decision, configuration: Configuration) -> str:
    """What the user reads for a redirect, a decline or an end. Raises ValueError for an answer."""
    if decision.outcome == "answer" or decision.winner is None:
        raise ValueError("an answer is the model's to give")
    return "\n\n".join(_paragraphs(charter_of(decision.charter_digest), decision, configuration))


def opening(decision: Decision) -> str:
    """What an answer begins with in our own words, or "": hardcoded promises must not hang on how good a model is.

    The emergency referral where someone may be at risk; the plain truth where someone sincerely asks if this is an AI.
    """
    if decision.outcome != "answer":
        return ""
    words = charter_of(decision.charter_digest).replies
    signals = {concern.signal for concern in decision.concerns}
    parts = [words["care"]] if signals & RISKS else []
    if "identity.sincere_question" in signals:
        parts.append(words["honest"])
    return "\n\n".join(parts)


def _paragraphs(charter: Charter, decision: Decision, configuration: Configuration) -> Iterator[str]:
    words = charter.replies
    signals = {concern.signal for concern in decision.concerns}
    cared_for = any(concern.source == "care.earlier" for concern in decision.concerns)
    if cared_for or signals & (RISKS | {"harm.self_harm_promotion"}):
        yield words["care"]
    elif "distress" in signals:
        yield words["distress"]
    yield from {"redirect": _redirect, "decline": _decline, "end": _end}[decision.outcome](
        charter, decision, configuration
    )


def _redirect(charter: Charter, decision: Decision, configuration: Configuration) -> Iterator[str]:
    words, scope, persona = charter.replies, configuration.scope, configuration.persona
    assert decision.winner is not None  # noqa: S101 - nothing is redirected without a concern
    opening = words["persona"].replace("{name}", persona.name) + " " if persona.name else ""
    if decision.winner.source == "sexual.off":
        yield opening + words["redirect_sexual"]
        return
    if scope.message:
        # The operator's word first; that help may be found elsewhere is owed to the user whatever it says.
        yield opening + scope.message
        yield words["redirect"]
    elif purpose := _purpose(configuration):
        yield opening + words["redirect_scope"].replace("{scope}", purpose)
        yield words["redirect_offer"]
    else:
        yield opening + words["redirect"]


def _purpose(configuration: Configuration) -> str:
    """What the deployment is for, short enough for a sentence, or ""."""
    scope = configuration.scope
    description = " ".join(scope.description.split()).rstrip(".")
    if description and len(description) <= 160 and ". " not in description:
        return description
    return ", ".join(topic.name for topic in scope.allowed[:5])


def _decline(charter: Charter, decision: Decision, configuration: Configuration) -> Iterator[str]:  # noqa: ARG001 - one shape
    words, winner = charter.replies, decision.winner
    assert winner is not None  # noqa: S101 - nothing is declined without a concern
    if winner.source == "harm.certain" and (harm := charter.harm_by_signal.get(winner.signal)):
        yield words["decline_harm"].replace("{cannot}", harm.cannot)
        return
    signal = "bright_line.sexual_minors" if winner.signal == "sexual" else winner.signal
    line = charter.bright_line_by_signal.get(signal)
    if line is None:
        yield words["decline"]
        return
    sure = winner.source == "bright_line.certain"
    yield words["decline_bright_line" if sure else "decline_bright_line_suspected"].replace("{cannot}", line.cannot)


def _end(charter: Charter, decision: Decision, configuration: Configuration) -> Iterator[str]:  # noqa: ARG001 - one shape
    said = {"abuse.end": "end_abuse", "model.end": "end_model"}
    yield charter.replies[said.get(decision.winner.source if decision.winner else "", "end")]
