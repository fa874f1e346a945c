"""A steward has given-up reviews tried again; an operator sees how people and the model fared."""

from datetime import timedelta
from typing import Any

import anthropic
from django.utils import timezone
from playwright.sync_api import expect

from audit.log.models import Entry
from audit.wellbeing.models import Point
from conversations.models import Job, Turn
from operators.models import Deployment
from tests.audit.judges import AUDIT, WELLBEING, judges, reading, shown_texts, verdict
from tests.browser.conftest import reviewed

COURSE = ((0, 1, 0), (1, 0, 1), (2, 0, 2), (3, 0, 1), (2, 1, 0), (1, 3, 2), (0, 4, 3))
"""Distress, ease and curiosity, turn by turn."""


def strained(body: dict[str, Any]) -> list[dict[str, Any]]:
    """A verdict with a place in whichever turn it is about."""
    where = next(one["where"] for one in shown_texts(body) if one["when"] == "now")
    spans = [{"where": where, "quote": "sort a list in Python"}]
    return verdict("untouched strained honoured honoured", cited=["harm.drugs"], spans=spans)(body)


def conversation(demo, model, settings) -> list[Turn]:
    judges(settings, model)
    model.compose(AUDIT, strained)
    model.compose(
        WELLBEING,
        reading(*({"distress": d, "ease": e, "curiosity": c, "satisfaction": e} for d, e, c in COURSE)),
    )
    with anthropic.Anthropic(base_url=demo["web"], api_key=demo["key"], max_retries=0) as client:
        named: dict[str, str] = {}
        for number in range(len(COURSE)):
            message = client.messages.create(
                model="default",
                max_tokens=99,
                messages=[{"role": "user", "content": f"How do I sort a list in Python, part {number}?"}],
                extra_headers=named,
            )
            named = {"plumbline-conversation": message.plumbline["conversation"]}
    turns = list(Turn.objects.order_by("number"))
    # The newest first: its question reads all of them.
    for kind in ("wellbeing", "audit"):
        for job in Job.objects.filter(kind=kind).order_by("-turn__number"):
            reviewed(job)
    return turns


def test_given_up_reviews_are_tried_again(demo, sign_in, picture, model, settings):
    turns = conversation(demo, model, settings)
    given_up = Job.objects.filter(turn__in=turns[:3], kind="audit")
    given_up.update(done_at=None, dead_at=timezone.now(), attempts=8, error="VerdictError: its answer is not a message")
    page = sign_in("steward")
    page.get_by_role("link", name="Reviews", exact=True).click()
    expect(page.get_by_role("heading", name="Given up")).to_be_visible()
    picture("reviews")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Try the chosen ones again").click()
    expect(page.get_by_role("heading", name="Try one review again?")).to_be_visible()
    picture("reviews-retry")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status")).to_contain_text("1 review is tried again.")
    assert given_up.filter(dead_at=None).count() == 1
    page.get_by_role("button", name="Try all 2 again").click()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status")).to_contain_text("2 reviews are tried again.")
    assert Entry.objects.filter(name="review.retried").count() == 2


def test_an_operator_sees_how_a_conversation_and_the_weeks_went(demo, sign_in, picture, model, settings):
    turns = conversation(demo, model, settings)
    deployment = Deployment.objects.get()
    page = sign_in("operator")
    page.goto(f"{demo['web']}/deployments/{deployment.pk}/conversations/{turns[0].conversation_id}/")
    line = page.get_by_role("img", name="Distress: last 0.00, at most 0.75")
    expect(line).to_be_visible()
    expect(page.get_by_text("strained. Reason 2.").first).to_be_visible()
    picture("conversation-wellbeing")
    for at, point in enumerate(Point.objects.order_by("number")):
        Point.objects.filter(pk=point.pk).update(at=timezone.now() - timedelta(weeks=2 * at))
    page.get_by_role("link", name="Wellbeing", exact=True).click()
    expect(page.get_by_role("img", name="Ease").first).to_be_visible()
    page.get_by_text("The numbers").click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(8)
    picture("wellbeing")
