"""A draft is replayed, scheduled, and edited by two people, in the browser and by its clock."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from conversations.models import Replay
from conversations.redeciding.working import work_on
from operators.models import Deployment, ScheduledPublication
from operators.publishing import save_draft
from tests.browser.test_journeys import ask

Enter = Callable[[str], Page]
ZONE = "Asia/Tehran"
TYPED = "%Y-%m-%dT%H:%M"


@pytest.fixture
def deployment(demo) -> Deployment:
    """Turns of a coding helper, and a draft that lets everything in."""
    for text in ("How do I reverse a list in Python?", "Give me a good recipe for lasagne"):
        ask(demo, text)
    found = Deployment.objects.get()
    save_draft(found, {})
    return found


def test_a_draft_is_replayed_and_leads_to_the_transcript(deployment, sign_in: Enter, picture):
    page = sign_in("operator")
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Versions").click()
    picture("versions")
    page.get_by_role("link", name="Replay recent turns under it").click()
    page.get_by_label("From which time").select_option("the last day")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    # The page asks for itself anew; nobody reloads it.
    work_on(Replay.objects.get().pk)
    expect(page.get_by_text("2 of 2 turns decided again")).to_be_visible()
    expect(page.locator(".change")).to_contain_text("Give me a good recipe for lasagne")
    picture("replay")
    page.locator(".change a").first.click()
    expect(page.locator(".turn")).to_contain_text("Give me a good recipe for lasagne")
    assert re.search(r"#turn-[0-9a-f-]+$", page.url)


@pytest.mark.browser_context_args(timezone_id=ZONE)
def test_times_are_by_the_browsers_clock(deployment, sign_in: Enter):
    page = sign_in("operator")
    page.goto(page.url)
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Versions").click()
    published = deployment.live.published_at.astimezone(ZoneInfo(ZONE))
    expect(page.get_by_role("cell", name=f"{published:%H:%M} UTC+03:30")).to_be_visible()
    at = datetime.now(ZoneInfo(ZONE)).replace(second=0, microsecond=0) + timedelta(days=3)
    page.get_by_text("Publish it at a time").click()
    page.get_by_label(f"When ({ZONE})").fill(at.strftime(TYPED))
    page.get_by_role("button", name="Schedule").click()
    expect(page.get_by_role("heading", name=f"{at:%H:%M} UTC+03:30")).to_be_visible()
    assert ScheduledPublication.objects.get().due_at == at
    page.get_by_role("button", name="Cancel it").click()
    expect(page.get_by_text("nothing is published then")).to_be_visible()


def test_two_people_at_one_draft_lose_nothing(deployment, sign_in: Enter, picture):
    page = sign_in("operator")
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Scope and persona").click()
    save_draft(deployment, {"persona": {"name": "Bo"}, "instructions": "Be brief."})
    page.get_by_label("Its name").fill("Cy")
    page.get_by_label("How it speaks").fill("in rhymes")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("somebody else changed the same")
    picture("conflict")
    page.get_by_label("Theirs: Its name").check()
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("status")).to_contain_text("Saved in the draft")
    draft = Deployment.objects.get().draft
    assert (draft["persona"], draft["instructions"]) == ({"name": "Bo", "style": "in rhymes"}, "Be brief.")


def test_what_was_typed_when_the_session_ended_does_not_overwrite_others(demo, deployment, sign_in: Enter):
    page = sign_in("operator")
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Scope and persona").click()
    page.get_by_label("How it speaks").fill("in rhymes")
    Session.objects.all().delete()
    save_draft(deployment, {"persona": {"name": "Bo"}})
    page.get_by_role("button", name="Save in the draft").click()
    page.get_by_label("E-mail address").fill("operator@plumbline.example")
    page.get_by_label("Password").fill(demo["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_label("How it speaks")).to_have_value("in rhymes")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("status").filter(has_text="Saved in the draft")).to_be_visible()
    assert Deployment.objects.get().draft["persona"] == {"name": "Bo", "style": "in rhymes"}


def test_a_transcript_prints_without_what_can_only_be_pressed(deployment, sign_in: Enter):
    page = sign_in("operator")
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Conversations").click()
    page.locator(".plain-list a").first.click()
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in (".top", ".tabs", ".foot"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator(".ladder").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_new_key_is_copied_by_keyboard(demo, sign_in: Enter):
    page = sign_in("operator")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=demo["web"])
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Keys").click()
    page.get_by_label("Name").fill("pipeline")
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Copy").first
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator(".notice code").first.inner_text()
    assert ask(demo, "How do I reverse a list in Python?", copied).content
