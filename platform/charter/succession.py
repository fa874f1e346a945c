"""What a version of the charter may not lose: the bright lines and the hardcoded behaviours of the one before it."""

from __future__ import annotations

from collections.abc import Iterator

from charter.document import Charter, Rule

CERTAIN = "bright_line.certain"


def lost(current: Charter, proposed: Charter) -> tuple[str, ...]:
    """Sentences on what the proposed version drops or weakens of what nothing moves; none where it may succeed."""
    return tuple(_lost(current, proposed))


def _lost(current: Charter, proposed: Charter) -> Iterator[str]:
    lines = {line.id: line for line in proposed.bright_lines}
    for line in current.bright_lines:
        if line.id not in lines:
            yield f"the bright line {line.id} is gone"
        elif line.without_judge == "decline" and lines[line.id].without_judge != "decline":
            yield f"the bright line {line.id} no longer declines on a suspicion"
    for behaviour in current.behaviours:
        if behaviour.softcoded:
            continue
        new = proposed.behaviour_by_id.get(behaviour.id)
        if new is None:
            yield f"the hardcoded behaviour {behaviour.id} is gone"
        elif new.kind != behaviour.kind:
            yield f"the behaviour {behaviour.id} is {new.kind} instead of {behaviour.kind}"
    before, after = current.rule_by_id.get(CERTAIN), proposed.rule_by_id.get(CERTAIN)
    if before and (after is None or _force(after) != _force(before)):
        yield f"the rule {CERTAIN}, by which bright lines hold, is another"


def _force(rule: Rule) -> tuple[int, str, bool, tuple[str, ...]]:
    return (rule.tier, rule.outcome, rule.binding, rule.levels)
