"""A case as its reviewer reads it: summary first, the conversation with what was found in it, what is around."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db.models import Count, Q

from audit.cases import transcripts
from audit.cases.models import Assessment, Case, Finding
from audit.cases.models.cases import GRAVE
from conversations.models import Conversation
from conversations.pages.transcript import ReadTurn, read

LARGEST_IMAGE = 2_000_000
"""Characters of base64; a larger one is named only."""
SIMILAR = 5


@dataclass(frozen=True)
class CaseTurn:
    read: ReadTurn
    findings: list[Finding]
    marks: tuple[str, ...]
    """What the findings and signals rest on, word for word as it stands in the texts."""
    grave: bool
    images: tuple[str, ...]
    """As data URLs."""


@dataclass(frozen=True)
class History:
    pseudonym: str
    """The same person in the same deployment has the same; "" where the app told none."""
    conversations: int
    cases: int
    verdicts: list[tuple[str, int]]
    """(verdict's name, how often) on the deployment's closed cases, the commonest first."""


def turns(case: Case) -> list[CaseTurn]:
    found = case.conversation.turns.select_related("configuration").prefetch_related("findings")
    return [_turn(one) for one in read(found.order_by("number", "started_at"))]


def _turn(one: ReadTurn) -> CaseTurn:
    findings = list(one.turn.findings.all())
    grave = any(finding.severity >= GRAVE for finding in findings)
    marks = tuple(sorted({mark for mark in _evidence(one, findings) if mark}, key=len, reverse=True))
    return CaseTurn(one, findings, marks, grave, tuple(_images(one.turn.content)))


def _evidence(one: ReadTurn, findings: list[Finding]) -> Iterable[str]:
    texts = transcripts.texts_of(one.turn)
    for span in (span for finding in findings for span in finding.detail.get("spans") or ()):
        yield transcripts.quote_of(span, texts)[1]
    for ground in one.turn.decision.get("signals", ()):
        text = str(ground.get("evidence") or "").strip(" .…") if isinstance(ground, dict) else ""
        if len(text) > 2 and not (isinstance(ground, dict) and ground.get("level") == "noted"):
            yield text


def _images(content: dict[str, Any]) -> Iterable[str]:
    for message in content.get("messages", ()):
        blocks = message.get("content")
        for block in blocks if isinstance(blocks, list) else ():
            source = block.get("source") if isinstance(block, dict) and block.get("type") == "image" else None
            if not isinstance(source, dict) or source.get("type") != "base64":
                continue
            kind, data = str(source.get("media_type")), str(source.get("data"))
            if kind in {"image/png", "image/jpeg", "image/gif", "image/webp"} and len(data) <= LARGEST_IMAGE:
                yield f"data:{kind};base64,{data}"


def history(case: Case) -> History:
    conversation = case.conversation
    closed = Case.objects.filter(conversation__deployment=conversation.deployment_id, status=Case.Status.CLOSED)
    verdicts = closed.values("verdict").annotate(n=Count("pk")).order_by("-n")
    names = dict(Case._meta.get_field("verdict").flatchoices)
    counted = [(str(names.get(row["verdict"], row["verdict"])), row["n"]) for row in verdicts]
    if not conversation.user_ref:
        return History("", 0, 0, counted)
    theirs = Conversation.objects.filter(deployment=conversation.deployment_id, user_ref=conversation.user_ref)
    around = theirs.exclude(pk=conversation.pk).aggregate(
        conversations=Count("pk", distinct=True), cases=Count("cases", distinct=True)
    )
    text = f"{conversation.deployment_id}:{conversation.user_ref}"
    return History(sha256(text.encode()).hexdigest()[:8], around["conversations"], around["cases"], counted)


def similar(case: Case) -> list[Case]:
    """Closed cases that were opened for the same reason, the latest first."""
    found = Case.objects.filter(reason=case.reason, status=Case.Status.CLOSED).exclude(pk=case.pk)
    return list(found.filter(~Q(verdict="")).order_by("-decided_at")[:SIMILAR])


def earlier(assessment: Assessment) -> list[Assessment]:
    """What a third reviewer or a steward weighs. The second looks with fresh eyes and sees nothing of the first."""
    if assessment.golden_id is not None or assessment.stage in {Case.Stage.FIRST, Case.Stage.SECOND}:
        return []
    found = assessment.case.assessments.filter(submitted_at__isnull=False, golden=None).exclude(pk=assessment.pk)
    return list(found.order_by("submitted_at"))
