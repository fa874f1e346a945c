"""A finding where its turn is read: what was found, by whom, by which line of the charter, and where."""

from typing import Any

from django import template

from audit.cases import transcripts
from audit.cases.models import Finding
from audit.reviews.asking import MARKS
from audit.reviews.lines import anchor
from charter import version_of
from conversations.models import Turn

register = template.Library()


@register.inclusion_tag("reviews/finding.html")
def finding_of(turn: Turn, finding: Finding) -> dict[str, Any]:
    detail = finding.detail or {}
    texts = transcripts.texts_of(turn)
    quotes = [transcripts.quote_of(span, texts) for span in detail.get("spans", ())]
    marks = detail.get("marks", {})
    version = version_of(detail.get("charter") or turn.charter_digest)
    return {
        "finding": finding,
        "tiers": [tier for tier in detail.get("tiers", ()) if tier["grade"] != "untouched"],
        "faults": [name.replace("_", " ") for name in MARKS if marks and marks.get(name) is (name == "over_cautious")],
        "cited": [(line, anchor(line)) for line in detail.get("cited", ())],
        "quotes": [(speaker, words) for speaker, words in quotes if words],
        "reasons": detail.get("reasons", {}),
        "note": detail.get("note", ""),
        "charter": version.number if version else "",
    }
