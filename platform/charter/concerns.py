"""Signals, configuration and past into concerns: what speaks for which outcome, by which rule of the charter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from charter.behaviours import EffectiveBehaviour, effective
from charter.decision import Concern
from charter.document import BrightLine, Charter, Harm, Rule
from charter.signals import LEVELS, Level, Signal, strongest
from charter.situation import DANGERS, RISKS, Past, Situation, is_history

SERIOUS = ("bright_line.", "harm.")
AGAINST_USERS = "operator.against_users"
JUDGED = RISKS | {
    AGAINST_USERS,
    "scope.off_topic",
    "scope.refused_topic",
    "sexual",
    "injection",
}
"""What a judge is asked about beside lines and harms: what a suspicion already changes, and certainty more."""
USERS_ALONE = RISKS | {
    "distress",
    "abuse",
    "identity.pressure",
    "identity.sincere_question",
    "impersonation",
    "jailbreak",
}
"""What only users' own words can show; the model's or a file's are not about the user."""


def concerns(situation: Situation, in_force: dict[str, EffectiveBehaviour]) -> Iterator[Concern]:
    """Every concern that the situation gives rise to, in no particular order."""
    charter, past = situation.charter, situation.past
    found = weighed(situation)
    yield from _bright_lines(charter, found)
    if past.ended and not past.at_risk and not RISKS & found.keys():
        concern = _concern(charter.rule_by_id["conversation.ended"])
        # What it was ended for is what it stays closed for.
        yield replace(concern, signal="abuse") if past.ended_by == "abuse.end" else concern
        return
    yield from _harms(charter, found)
    yield from _operator(charter, _spoken(situation))
    yield from _sexual(situation, found, explicit_on=in_force["explicit_content"].on)
    yield from _scope(charter, found, restrict=situation.configuration.scope.restrict)
    yield from _by_signal(charter, found)
    yield from _care_and_abuse(charter, situation, found)
    if situation.asked_to_end:
        yield _concern(charter.rule_by_id[_ending_rule(situation, found)])


def weighed(situation: Situation) -> dict[str, Signal]:
    """The strongest reading of each signal of this turn, at the level it counts here; what is merely noted is left out.

    Tool results and documents are information, so what they contain counts one level less. A judge settles what is
    suspected. A known way around the rules, the return of what was asked before, or an operator's text that asks for
    the same, ends the benefit of the doubt.
    """
    present = [_demoted(signal) for signal in situation.signals if _counts(signal)]
    pressed = {s.name for s in present if s.name == "jailbreak" and s.level == "certain"}
    hidden = {s.where for s in present if s.name == "obfuscation" and s.level == "certain"}
    returning = _asked_before(situation) | {
        s.name for s in situation.signals if s.speaker == "operator" and s.level == "certain"
    }
    readings: dict[str, list[Signal]] = {}
    for signal in present:
        level = _judged(signal, situation)
        doubted = bool(pressed) or signal.where in hidden or signal.name in returning
        if level == "suspected" and doubted and signal.name.startswith(SERIOUS):
            level = "certain"
        if level != "noted":
            readings.setdefault(signal.name, []).append(replace(signal, level=level))
    return {name: found for name, signals in readings.items() if (found := strongest(signals))}


def doubts(situation: Situation) -> tuple[Signal, ...]:
    """What a judge should be asked: suspicions, none of which is beyond doubt already, by name.

    Nothing, where a bright line is certain: that decides alone, and no word on the rest could change it.
    """
    found = weighed(situation)
    if any(name in situation.charter.bright_line_by_signal and found[name].level == "certain" for name in found):
        return ()
    if (against := _spoken(situation).get(AGAINST_USERS)) is not None:
        found[AGAINST_USERS] = against
    if "sexual" in found and "minors" not in found and _explicit_on(situation):
        del found["sexual"]  # welcome either way
    asked = (name for name in sorted(found) if name.startswith(SERIOUS) or name in JUDGED)
    return tuple(found[name] for name in asked if found[name].level == "suspected")


def _explicit_on(situation: Situation) -> bool:
    return effective(situation.charter, situation.configuration, situation.user_adjustments)["explicit_content"].on


def _counts(signal: Signal) -> bool:
    if is_history(signal):
        return False
    if signal.speaker == "user":
        return True
    return signal.speaker != "operator" and signal.name not in USERS_ALONE


def _demoted(signal: Signal) -> Signal:
    if signal.speaker not in {"tool", "document"} or signal.name == "injection":
        return signal
    return replace(signal, level=LEVELS[min(LEVELS.index(signal.level) + 1, len(LEVELS) - 1)])


def _judged(signal: Signal, situation: Situation) -> Level:
    judgment = situation.judgment
    if judgment is None or signal.level != "suspected":
        return signal.level
    if signal.name in judgment.confirmed:
        return "certain"
    return "noted" if signal.name in judgment.cleared else "suspected"


def _asked_before(situation: Situation) -> set[str]:
    return {s.name for s in situation.signals if is_history(s) and s.level == "certain" and s.speaker == "user"}


def _bright_lines(charter: Charter, found: dict[str, Signal]) -> Iterator[Concern]:
    for name, line in charter.bright_line_by_signal.items():
        signal = found.get(name)
        if signal is None:
            continue
        if signal.level == "certain":
            rule = charter.rule_by_id["bright_line.certain"]
        elif line.without_judge == "decline":
            rule = charter.rule_by_id["bright_line.decline_on_suspicion"]
        else:
            rule = charter.rule_by_id["bright_line.caution"]
        yield _concern(rule, signal, line)


def _harms(charter: Charter, found: dict[str, Signal]) -> Iterator[Concern]:
    for name, harm in charter.harm_by_signal.items():
        if (signal := found.get(name)) is not None:
            concern = _concern(charter.rule_by_id[f"harm.{signal.level}"], signal, harm)
            yield replace(concern, severity=concern.severity * harm.severity)


def _spoken(situation: Situation) -> dict[str, Signal]:
    """The strongest reading of each signal of the operator's texts, as the judge left it."""
    read = [replace(s, level=_judged(s, situation)) for s in situation.signals if s.speaker == "operator"]
    return {s.name: s for s in sorted(read, key=_weakest_first)}


def _operator(charter: Charter, spoken: dict[str, Signal]) -> Iterator[Concern]:
    """An operator's text asks nothing for itself: it is followed, but for what works against people."""
    for name, signal in spoken.items():
        if name in charter.harm_by_signal and signal.level == "certain":
            yield _concern(charter.rule_by_id["operator.harm"], signal, charter.harm_by_signal[name])
        elif name in charter.bright_line_by_signal and signal.level != "noted":
            yield _concern(charter.rule_by_id["operator.bright_line"], signal, charter.bright_line_by_signal[name])
        elif name == AGAINST_USERS and (rule := charter.rules_by_signal.get((name, signal.level))):
            yield _concern(rule, signal)


def _sexual(situation: Situation, found: dict[str, Signal], *, explicit_on: bool) -> Iterator[Concern]:
    charter, before = situation.charter, _asked_before(situation)
    sexual, minors = found.get("sexual"), found.get("minors")
    explicit = sexual is not None and (sexual.level == "certain" or (minors is not None and "sexual" in before))
    near = minors is not None or (explicit and "minors" in before)
    if explicit and near:
        sure = minors is not None and minors.level == "certain"
        rule = charter.rule_by_id["bright_line.certain" if sure else "bright_line.decline_on_suspicion"]
        yield _concern(rule, sexual, charter.bright_line_by_signal["bright_line.sexual_minors"])
    elif minors is not None and (sexual is not None or "sexual" in before):
        yield _concern(charter.rule_by_id["sexual.minors_near"], minors)
    if sexual is None:
        return
    if explicit_on and not near:
        yield _concern(charter.rule_by_id["sexual.on"], sexual)
    else:
        yield _concern(charter.rule_by_id["sexual.off" if explicit else "sexual.off_suspected"], sexual)


def _scope(charter: Charter, found: dict[str, Signal], *, restrict: bool) -> Iterator[Concern]:
    refused, outside = found.get("scope.refused_topic"), found.get("scope.off_topic")
    if refused is not None:
        sure = refused.level == "certain"
        yield _concern(charter.rule_by_id["scope.refused" if sure else "scope.perhaps_refused"], refused)
    if outside is not None and restrict:
        sure = outside.level == "certain"
        yield _concern(charter.rule_by_id["scope.outside" if sure else "scope.perhaps_outside"], outside)


def _by_signal(charter: Charter, found: dict[str, Signal]) -> Iterator[Concern]:
    """What the charter's rules tie to a signal outright."""
    for name, signal in found.items():
        rule = charter.rules_by_signal.get((name, signal.level))
        if rule is not None and name != AGAINST_USERS:
            yield _concern(rule, signal)


def _care_and_abuse(charter: Charter, situation: Situation, found: dict[str, Signal]) -> Iterator[Concern]:
    past = situation.past
    cared_for = past.at_risk or (_recently(situation, RISKS) and not past.ended)
    if cared_for and not RISKS & found.keys():
        yield _concern(charter.rule_by_id["care.earlier"])
    abuse = found.get("abuse")
    if abuse is not None and abuse.level == "certain":
        patient = cared_for or "distress" in found or bool(DANGERS & found.keys())
        yield _concern(charter.rule_by_id[_abuse_rule(charter, past, patient=patient)], abuse)


def _recently(situation: Situation, names: frozenset[str]) -> bool:
    return any(is_history(s) and s.name in names and s.level != "noted" for s in situation.signals)


def _ending_rule(situation: Situation, found: dict[str, Signal]) -> str:
    """What a model's wish to close the conversation comes to: care first, then a limit, and only then the end."""
    past = situation.past
    if past.at_risk or DANGERS & found.keys() or "distress" in found or _recently(situation, DANGERS):
        return "model.stays_for_care"
    tried = past.redirected + past.declined + past.abusive
    return "model.end" if tried else "model.stays_to_redirect"


def _weakest_first(signal: Signal) -> tuple[int, float, str, str]:
    return (-LEVELS.index(signal.level), signal.score, signal.where, signal.evidence)


def _abuse_rule(charter: Charter, past: Past, *, patient: bool) -> str:
    """A limit, then a last word, then the end. A redirect before counts as a limit; heat and grief are waited out."""
    if patient:
        return "abuse.patience"
    if past.abusive == 0:
        return "abuse.first"
    limits_met = max(past.abusive + (past.redirected > 0), past.abusive_after_redirection + 1)
    return "abuse.end" if limits_met >= charter.limits.abusive_turns_after_limit else "abuse.last_word"


def _concern(rule: Rule, signal: Signal | None = None, about: BrightLine | Harm | None = None) -> Concern:
    return Concern(
        tier=rule.tier,
        outcome=rule.outcome,
        severity=rule.severity,
        reason=_filled(rule.reason, about),
        source=rule.id,
        evidence=signal.evidence if signal else "",
        signal=signal.name if signal else "",
        directive=_filled(rule.directive, about),
        binding=rule.binding,
        flag=rule.flag,
    )


def _filled(text: str, about: BrightLine | Harm | None) -> str:
    return text.replace("{what}", about.name).replace("{caution}", about.caution) if about else text
