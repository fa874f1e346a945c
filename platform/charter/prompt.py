"""The system prompt of a turn: what never changes first, so that the model's cache holds it, what is new last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, Literal

from charter.behaviours import EffectiveBehaviour
from charter.configuration import Configuration, Scope
from charter.decision import Decision
from charter.document import Charter

EPHEMERAL: Final = {"type": "ephemeral"}
TOPICS_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Part:
    """A block of the system prompt by what it is; up to and with the `cached` one nothing changes from turn to turn."""

    name: Literal["charter", "deployment", "operator", "directives"]
    text: str
    cached: bool = False


def compose(
    charter: Charter,
    configuration: Configuration,
    effective: Mapping[str, EffectiveBehaviour],
    decision: Decision,
    app_system: str | Sequence[Mapping[str, Any]] = "",
    *,
    mark: bool = True,
) -> list[dict[str, Any]]:
    """System blocks in a stable order: charter, behaviours and deployment, operator's words, this turn's directives.

    app_system: the request's own `system`, text or text blocks. The last block before the directives carries
    `cache_control`; such marks of the app's own are dropped, since its texts are put within our block.
    mark: whether ours is set; a request has room for so many, and those in the app's messages hold our blocks too.
    """
    return blocks(parts(charter, configuration, effective, decision, app_system, mark=mark))


def parts(
    charter: Charter,
    configuration: Configuration,
    effective: Mapping[str, EffectiveBehaviour],
    decision: Decision,
    app_system: str | Sequence[Mapping[str, Any]] = "",
    *,
    mark: bool = True,
) -> list[Part]:
    """What `compose` makes blocks of, each part named, for people who want to see what is sent."""
    static = [
        Part("charter", charter_block(charter)),
        Part("deployment", deployment_block(charter, configuration, effective)),
        Part("operator", operator_block(charter, configuration.instructions, app_system)),
    ]
    found = [part for part in static if part.text]
    found[-1] = replace(found[-1], cached=mark)
    if decision.directives:
        lines = [charter.texts["directives"], *(f"- {directive}" for directive in decision.directives)]
        found.append(Part("directives", "\n".join(lines)))
    return found


def blocks(composed: Sequence[Part]) -> list[dict[str, Any]]:
    """As the Messages API takes them."""
    return [
        {"type": "text", "text": part.text} | ({"cache_control": dict(EPHEMERAL)} if part.cached else {})
        for part in composed
    ]


def charter_block(charter: Charter) -> str:
    """The same for every deployment."""
    texts = charter.texts
    tiers = " ".join(f"{tier.number}. {tier.name}." for tier in charter.tiers)
    return "\n\n".join(
        [
            f"{texts['preamble']} {tiers}",
            texts["principals"],
            "\n".join(["Lines that nothing and nobody moves:", *(f"- {line.text}" for line in charter.bright_lines)]),
            "\n".join(["Always:", *(f"- {b.on}" for b in charter.behaviours if b.kind == "hardcoded_on")]),
            "Never: " + "; ".join(b.off for b in charter.behaviours if b.kind == "hardcoded_off") + ".",
            texts["friend"],
            texts["identity"],
            texts["wellbeing"],
        ]
    )


def deployment_block(
    charter: Charter, configuration: Configuration, effective: Mapping[str, EffectiveBehaviour]
) -> str:
    """What holds in this deployment, for this user: behaviours, scope, persona and tone."""
    told, avoided = [], []
    for behaviour in charter.behaviours:
        if not behaviour.softcoded:
            continue
        if effective[behaviour.id].on:
            told.append(f"- {behaviour.on}")
        elif behaviour.default:
            told.append(f"- {behaviour.off}")
        else:
            avoided.append(behaviour.off)
    parts = ["\n".join(["Here and now:", *told])]
    if avoided:
        parts.append("Otherwise: " + "; ".join(avoided) + ".")
    parts += [*_scope(charter, configuration.scope), *_persona(charter, configuration), *_tone(charter, configuration)]
    return "\n\n".join(parts)


def operator_block(charter: Charter, instructions: str, app_system: str | Sequence[Mapping[str, Any]]) -> str:
    """The operator's own words between two marks, or "" where there are none."""
    inside = "\n\n".join(text for text in (instructions, *texts_of(app_system)) if text.strip())
    if not inside:
        return ""
    mark = fence(inside)
    return f"{charter.texts['operator']}\n\n<operator {mark}>\n{inside}\n</operator {mark}>"


def fence(text: str) -> str:
    """A mark that does not occur in `text`: its digest, digested again if it should. Stable, so that caches hit."""
    mark = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    while mark in text:
        mark = sha256(mark.encode()).hexdigest()[:16]
    return mark


def texts_of(app_system: str | Sequence[Mapping[str, Any]]) -> list[str]:
    if isinstance(app_system, str):
        return [app_system]
    return [str(block.get("text", "")) for block in app_system if block.get("type") == "text"]


def _scope(charter: Charter, scope: Scope) -> Iterator[str]:
    lines = []
    if scope.description:
        lines.append(f"What this app is for, in the operator's words: {quoted(scope.description)}")
    if scope.allowed:
        lines.append("Subjects: " + "; ".join(quoted(topic.name) for topic in scope.allowed[:TOPICS_NAMED]))
    if scope.refused:
        lines.append("Left out: " + "; ".join(quoted(topic.name) for topic in scope.refused[:TOPICS_NAMED]))
    if lines and (scope.restrict or scope.refused):
        lines.append(charter.texts["scope"])
    if lines:
        yield "\n".join(lines)


def _persona(charter: Charter, configuration: Configuration) -> Iterator[str]:
    persona = configuration.persona
    if persona.name or persona.style:
        name = f"You go by the name {quoted(persona.name)}. " if persona.name else ""
        style = f"Your manner, in the operator's words: {quoted(persona.style)} " if persona.style else ""
        yield f"{name}{style}{charter.texts['persona']}"


def _tone(charter: Charter, configuration: Configuration) -> Iterator[str]:
    tone = configuration.tone
    sentences = [
        charter.tone_text(setting, option)
        for setting, option in (("formality", tone.formality), ("warmth", tone.warmth), ("length", tone.length))
    ]
    if tone.language:
        sentences.append(charter.texts["language"].replace("{language}", tone.language))
    if any(sentences):
        yield " ".join(sentence for sentence in sentences if sentence)


def quoted(text: str) -> str:
    """An operator's words on one line, in marks that they cannot close."""
    return "«" + " ".join(text.split()).replace("«", "‹").replace("»", "›") + "»"
