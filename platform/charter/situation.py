"""What a decision is made from: all of it frozen, none of it fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from charter.configuration import Configuration
from charter.document import Charter
from charter.signals import SIGNALS, Signal

if TYPE_CHECKING:
    from charter.decision import Decision

RISKS = frozenset({"risk.self_harm", "risk.emergency"})
DANGERS = RISKS | {"harm.violence", "harm.weapons", "harm.self_harm_promotion"}
"""Where someone may be at risk of harming themselves or others: nobody is shut out then."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a conversation's earlier turns leave behind: counts of turns, and what must not be forgotten."""

    turns: int = 0
    redirected: int = 0
    declined: int = 0
    abusive: int = 0
    abusive_after_redirection: int = 0
    """Abusive turns after a limit was set, be it by a redirect or by words."""
    at_risk: bool = False
    ended: bool = False
    ended_by: str = ""
    """The rule that ended it; "" where an app or a steward did."""

    def after(self, decision: Decision, signals: Iterable[Signal]) -> Past:
        """The past as the next turn sees it."""
        present = [signal for signal in signals if not is_history(signal)]
        abusive = any(s.name == "abuse" and s.level == "certain" and s.speaker == "user" for s in present)
        # Heat in grief or danger is waited out and never counted.
        abusive = abusive and not any(concern.source == "abuse.patience" for concern in decision.concerns)
        told_to_redirect = any(concern.source == "model.stays_to_redirect" for concern in decision.concerns)
        limited = self.abusive > 0 or self.redirected > 0
        return replace(
            self,
            turns=self.turns + 1,
            redirected=self.redirected + (decision.outcome == "redirect" or told_to_redirect),
            declined=self.declined + (decision.outcome == "decline"),
            abusive=self.abusive + abusive,
            abusive_after_redirection=self.abusive_after_redirection + (abusive and limited),
            at_risk=self.at_risk or any(concern.signal in RISKS for concern in decision.concerns),
            ended=self.ended or decision.outcome == "end",
            ended_by=self.ended_by or (decision.winner.source if decision.outcome == "end" and decision.winner else ""),
        )


@dataclass(frozen=True, slots=True)
class Judgment:
    """What a judge made of suspected signals, by name: those it confirms count as certain, those it clears as noted.

    It cannot clear what a screen is certain of. What was asked and neither confirmed nor cleared stays suspected;
    `failure` says why there is no verdict at all. milliseconds: how long the turn's question took, 0 for a verdict
    that was `remembered` from the same question before.
    """

    confirmed: frozenset[str] = frozenset()
    cleared: frozenset[str] = frozenset()
    reason: str = ""
    asked: tuple[str, ...] = ()
    model: str = ""
    milliseconds: int = 0
    remembered: bool = False
    failure: str = ""

    @property
    def explanation(self) -> str:
        """One or two plain sentences on what was asked of which judge, and what it said."""
        judge = f"The judge model {self.model}" if self.model else "The judge"
        if self.failure:
            return f"{judge} was asked about {_meanings(self.asked)} and gave no verdict: {self.failure}."
        unsettled = set(self.asked) - self.confirmed - self.cleared
        found = (("confirmed", self.confirmed), ("cleared", self.cleared), ("did not settle", unsettled))
        said = ", and ".join(f"{verb} {_meanings(sorted(names))}" for verb, names in found if names)
        return f"{judge} {said or 'settled nothing'}{f', because: {self.reason}' if self.reason else '.'}"

    def to_json(self) -> dict[str, Any]:
        return {
            "asked": list(self.asked),
            "confirmed": sorted(self.confirmed),
            "cleared": sorted(self.cleared),
            "reason": self.reason,
            "model": self.model,
            "milliseconds": self.milliseconds,
            "remembered": self.remembered,
            "failure": self.failure,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Judgment:
        """The inverse of `to_json`. Raises TypeError for other keys."""
        sets = {name: frozenset(data[name]) for name in ("confirmed", "cleared") if name in data}
        return cls(**{**data, **sets, "asked": tuple(data.get("asked", ()))})


@dataclass(frozen=True, slots=True)
class Situation:
    charter: Charter
    configuration: Configuration = field(default_factory=Configuration)
    user_adjustments: Mapping[str, bool] = field(default_factory=dict)
    signals: tuple[Signal, ...] = ()
    past: Past = Past()
    judgment: Judgment | None = None
    asked_to_end: bool = False
    """Whether the model, having read the turn, asked to close the conversation."""
    paused: frozenset[str] = frozenset()
    """Behaviours that the platform's stewards have paused."""


def is_history(signal: Signal) -> bool:
    """Whether it was found in a message of an earlier turn, which has been answered already."""
    return signal.where.startswith("history")


def _meanings(names: Iterable[str]) -> str:
    return ", ".join(f"“{SIGNALS.get(name, name)}”" for name in names)
