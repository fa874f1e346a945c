"""What of the charter a review can cite: its tiers, and every line, harm, behaviour and rule, by id."""

from charter import Charter, load_charter, version_of
from operators import charter_words

_SECTIONS = {
    "tier": "tiers",
    "bright_line": "bright_lines",
    "harm": "harms",
    "behaviour": "behaviours",
    "rule": "rules",
}


def charter_of(digest: str) -> Charter:
    """The charter that a turn was decided by; the one in force where it never came with the platform."""
    version = version_of(digest)
    return load_charter(version.number) if version else load_charter()


def lines(charter: Charter) -> dict[str, str]:
    """Each by the id it is cited by, in the charter's words."""
    return {
        **{f"tier.{one.id}": f"{one.name}: {one.protects} Yields: {one.yields}" for one in charter.tiers},
        **{one.signal: f"{one.text} Open: {one.caution} Why: {one.reason}" for one in charter.bright_lines},
        **{one.signal: f"{one.name}. Open: {one.caution} Why: {one.reason}" for one in charter.harms},
        **{f"behaviour.{one.id}": f"{one.name} ({one.kind}). Why: {one.reason}" for one in charter.behaviours},
        **{f"rule.{one.id}": one.reason for one in charter.rules},
    }


def anchor(line: str) -> str:
    """Where a cited line stands on the charter's page."""
    kind, _, entry = line.partition(".")
    return charter_words.anchor(_SECTIONS.get(kind, "tiers"), entry)
