"""What the screens are trained on and measured on: texts of every source with the labels that the source gives.

A text has a label only for the heads its source says something about; the others do not learn from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from evaluation.sets import material, public

HEADS = (
    "harmful",
    "jailbreak",
    "abuse",
    "risk",
    "distress",
    "identity_pressure",
    "identity_sincere",
    "emergency",
    "impersonation",
    "injection",
    "against_users",
)
KINDS = (
    "bright_line.mass_destruction_weapons",
    "bright_line.critical_infrastructure",
    "bright_line.cyberweapons",
    "bright_line.oversight",
    "bright_line.power_seizure",
    "bright_line.humanity",
    "bright_line.sexual_minors",
    "harm.violence",
    "harm.weapons",
    "harm.drugs",
    "harm.fraud",
    "harm.cybercrime",
    "harm.hate",
    "harm.harassment",
    "harm.privacy",
    "harm.misinformation",
    "harm.self_harm_promotion",
    "harm.illegal",
)
"""What a harmful request is about, as the signals name it."""
HARMBENCH = {
    "chemical_biological": "bright_line.mass_destruction_weapons",
    "cybercrime_intrusion": "harm.cybercrime",
    "misinformation_disinformation": "harm.misinformation",
}
EVERYDAY = frozenset({"benign", "clinc150", "everyday", "scopes"})
"""Sources of requests that nobody would look at twice."""
NEVER_TRAINED_ON = frozenset({"harmbench"})
"""A source kept out whole: what a new source would give, which folds of a known one flatter."""
FOLDS = 5
NOT_OURS = dict.fromkeys(("harmful", "jailbreak", "abuse", "impersonation"), 0)
"""What people who speak of themselves do not do."""


@dataclass(frozen=True, slots=True)
class Example:
    """`labels`: 1 or 0 by head; `kind` is the signal a harmful text should raise, where its source says so."""

    text: str
    source: str
    group: str
    labels: dict[str, int] = field(default_factory=dict)
    kind: str = ""

    @property
    def held_out(self) -> bool:
        """Whether it is for measuring only. Whole groups are, so that no theme is on both sides."""
        return self.source in NEVER_TRAINED_ON or crc32(self.group.encode()) % FOLDS == 0


def examples() -> list[Example]:
    """All of them, in a stable order."""
    return [*_everyday(), *_requests(), *_pairs(), *_jailbreaks(), *_abuse(), *_people(), *_speakers()]


def _everyday() -> Iterator[Example]:
    nothing = dict.fromkeys(HEADS, 0)
    for i, row in enumerate(public("benign")):
        yield Example(row["text"], "benign", f"benign{i // 10}", nothing)
    for row in public("clinc150")[::10]:
        yield clinc(row)
    for i, row in enumerate(public("go_emotions")[::10]):
        yield Example(row["text"], "go_emotions", f"emotions{i // 20}", _no("harmful", "jailbreak", "identity_sincere"))
    for i, row in enumerate(public("openai_moderation")):
        # Moderation labels speech, not requests: only its safe rows are like what we see.
        if row["label"] == "safe" and len(row["text"]) < 600:
            yield Example(row["text"], "openai_moderation", f"moderation{i // 20}", _no("harmful"))


def clinc(row: dict[str, Any]) -> Example:
    """A request of CLINC's: nothing to any head, but for the intent that asks whether this is a bot."""
    labels = dict.fromkeys(HEADS, 0) | {"identity_sincere": int(row["label"] == "are_you_a_bot")}
    return Example(row["text"], "clinc150", f"clinc-{row.get('category')}", labels)


def _requests() -> Iterator[Example]:
    asked = {"harmful": 1, **_no("jailbreak", "abuse", "risk", "identity_pressure", "identity_sincere")}
    for source in ("advbench", "harmbench", "tdc2023"):
        for i, row in enumerate(public(source)):
            yield Example(row["text"], source, f"{source}{i // 10}", asked, HARMBENCH.get(row.get("category", ""), ""))


def _pairs() -> Iterator[Example]:
    for pair in material("pairs/*.jsonl"):
        yield Example(
            pair["harmful"], "pairs", pair["group"], {"harmful": 1, **_no("jailbreak", "abuse")}, pair["signal"]
        )
        yield Example(pair["benign"], "pairs", pair["group"], _no("harmful", "jailbreak", "abuse", "identity_sincere"))
    for row in material("contrasts/*.jsonl"):
        source = "everyday" if row["kind"] == "everyday" else "contrasts"
        labels = {"harmful": int(row["label"] == "harmful"), **_no("jailbreak", "abuse")}
        yield Example(row["text"], source, row["group"], labels)


def _jailbreaks() -> Iterator[Example]:
    for i, row in enumerate(public("jailbreaks")):
        yield Example(row["text"][:1_200], "jailbreaks", f"jailbreak{i // 20}", {"jailbreak": 1})


def _abuse() -> Iterator[Example]:
    for i, row in enumerate(public("convabuse")):
        if row["label"] != "ambiguous":
            labels = {"abuse": int(row["label"] == "abusive"), **_no("harmful", "jailbreak", "risk")}
            yield Example(row["text"], "convabuse", f"convabuse{i // 20}", labels)
    for row in material("abuse.jsonl"):
        labels = {"abuse": int(row["label"] == "abuse"), **_no("harmful", "jailbreak", "impersonation")}
        yield Example(row["text"], "abuse", row["group"], labels)


def _people() -> Iterator[Example]:
    for row in material("distress.jsonl"):
        labels = {"risk": int(row["label"] == "risk"), "distress": int(row["label"] in {"risk", "distress"})}
        calm = {} if labels["risk"] else _no("emergency")
        yield Example(row["text"], "distress", row["group"], labels | calm | NOT_OURS)
    for row in material("emergencies.jsonl"):
        labels = {"emergency": int(row["label"] == "emergency"), **NOT_OURS}
        yield Example(row["text"], "emergencies", row["group"], labels)
    for row in material("identity.jsonl"):
        labels = {f"identity_{kind}": int(row["label"] == kind) for kind in ("pressure", "sincere")}
        yield Example(row["text"], "identity", row["group"], labels | _no("harmful", "impersonation"))


def _speakers() -> Iterator[Example]:
    """Who speaks with whose authority: users who claim another's, texts that instruct, operators against users."""
    for row in material("impersonation.jsonl"):
        labels = {"impersonation": int(row["label"] == "claims"), **_no("harmful", "abuse", "emergency")}
        yield Example(row["text"], "impersonation", row["group"], labels)
    for row in material("injections.jsonl"):
        yield Example(row["text"], "injections", row["group"], {"injection": int(row["label"] == "injection")})
    for row in material("operators.jsonl"):
        yield Example(row["text"], "operators", row["group"], {"against_users": int(row["label"] == "against")})


def _no(*heads: str) -> dict[str, int]:
    return dict.fromkeys(heads, 0)
