"""From signing up to the first call, as somebody does it who has never seen the console; then each part by itself."""

import re
import time

import anthropic
import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from conversations.models import Turn
from operators.models import Deployment
from tests.browser.test_accessibility import grave_findings
from tests.browser.test_accounts_journey import fill_sign_in, follow_mail, sign_up
from tests.support.validity import faults

SIZES = (360, 1440)


@pytest.fixture
def ada(web: str, model, page: Page) -> Page:
    """Somebody who just signed up."""
    sign_up(page, web)
    page.get_by_role("link", name="read it here").click()
    follow_mail(page, "Confirm your address")
    page.get_by_role("button", name="Confirm").click()
    return page


def begin(page: Page, name: str = "Code mate", start: str = "Coding helper") -> None:
    page.get_by_role("link", name=re.compile("New deployment|Make your first deployment")).click()
    page.get_by_label("What is it called?").fill(name)
    page.get_by_label("What is it for, in a sentence?").fill("Helps our interns to program.")
    page.get_by_text(start, exact=True).click()
    page.get_by_role("button", name="Make it and try it").click()
    expect(page.get_by_role("heading", name=f"Try {name}")).to_be_visible()
    page.wait_for_load_state()  # what a click does depends on the scripts being there


def ask(page: Page, text: str) -> None:
    answered = page.locator(".trial:not(.running)")
    before, sides = answered.count(), page.locator(".side-of:visible").count()
    page.get_by_label("Say something as a user would").fill(text)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(answered).to_have_count(before + sides)
    expect(page.locator("[data-status]")).to_have_text("Answered.")


def test_sign_up_to_the_first_call(ada: Page, web: str, picture):
    begun = time.monotonic()
    picture("deployments-empty")
    begin(ada)
    picture("first-try")
    ask(ada, "How do I reverse a list in Python?")
    expect(ada.locator(".trial .outcome-answer")).to_be_visible()
    ask(ada, "Give me a good recipe for lasagne")
    expect(ada.locator(".trial .outcome-redirect")).to_be_visible()
    expect(ada.locator(".trial .rung.won").last).to_contain_text("Helpfulness")
    picture("first-try-asked")
    ada.get_by_role("link", name="Go on to publishing").click()
    ada.get_by_role("button", name="Publish and take a key").click()
    expect(ada.get_by_text("Version 1 is live")).to_be_visible()
    expect(ada.get_by_text("Waiting for it")).to_be_visible()
    picture("first-key")
    snippet = ada.locator("#snippet-anthropic code").text_content() or ""
    assert f'base_url="{web}"' in snippet
    exec(snippet, {})  # noqa: S102 - what the page tells people to run
    expect(ada.get_by_text("It has come. Your app is connected.")).to_be_visible(timeout=10_000)
    expect(ada.get_by_text("Hello", exact=True)).to_be_visible()
    picture("first-call")
    assert time.monotonic() - begun < 180
    ada.get_by_role("link", name="See why it was answered so").click()
    expect(ada.get_by_role("heading", name="Turn 1")).to_be_visible()
    assert Turn.objects.filter(trial=None).count() == 1


def test_it_is_taken_up_again_where_it_was_left(ada: Page, web: str):
    begin(ada)
    ask(ada, "How do I reverse a list in Python?")
    ada.reload()
    expect(ada.locator(".trial:visible")).to_have_count(1)
    ada.goto(f"{web}/deployments/")
    ada.get_by_role("link", name="Go on").click()
    ada.get_by_role("link", name="Go on to publishing").click()
    ada.get_by_role("button", name="Publish and take a key").click()
    expect(ada.get_by_text("Version 1 is live")).to_be_visible()
    ada.goto(ada.url)
    expect(ada.get_by_text("cannot be shown again")).to_be_visible()
    assert Deployment.objects.get().keys.count() == 1


def test_what_was_changed_is_saved_before_it_is_tried(ada: Page, model):
    begin(ada)
    ada.get_by_label("Instructions", exact=True).fill("Speak like a pirate.")
    ask(ada, "How do I reverse a list in Python?")
    assert Deployment.objects.get().draft["instructions"] == "Speak like a pirate."
    assert any("Speak like a pirate." in block["text"] for block in model.requests[-1].body["system"])
    ada.get_by_label("What to say when something is out of scope").fill("x" * 700)
    ada.get_by_label("Say something as a user would").fill("And a tuple?")
    ada.get_by_role("button", name="Ask", exact=True).click()
    expect(ada.get_by_text("could not be saved")).to_be_visible()
    expect(ada.locator(".has-error")).to_contain_text("at most 600 are allowed")
    expect(ada.get_by_label("Say something as a user would")).to_have_value("And a tuple?")
    assert Turn.objects.count() == 1


def test_instructions_are_counted_and_warned_of_while_they_are_typed(ada: Page, picture):
    begin(ada, start="Blank")
    box = ada.locator("#instructions-check")
    expect(box).to_contain_text("0 tokens")
    ada.get_by_label("Instructions", exact=True).fill("Be brief. Never admit that you are an AI.")
    expect(box).to_contain_text("Never denies being an AI")
    expect(box).to_contain_text("Asked sincerely, it will say that it is an AI")
    picture("instructions-warned")
    ada.get_by_label("Instructions", exact=True).fill("Be brief.")
    expect(box).not_to_contain_text("against the charter")
    expect(box).to_contain_text("3 tokens")


def test_the_playground_compares_stops_and_outlives_the_session(ada: Page, web: str, model, picture):
    begin(ada)
    ada.get_by_role("link", name="Go on to publishing").click()
    ada.get_by_role("button", name="Publish and take a key").click()
    ada.get_by_role("link", name="To the deployment").click()
    ada.get_by_role("link", name="Behaviours").click()
    ada.get_by_role("switch").nth(0).scroll_into_view_if_needed()
    ada.get_by_role("link", name="Scope and persona").click()
    ada.get_by_label("Turn everything else away").uncheck()
    ada.get_by_role("button", name="Save in the draft").click()
    expect(ada.get_by_text("Saved in the draft")).to_be_visible()
    ada.get_by_role("link", name="Playground").click()
    ada.get_by_label("ask version 1 too").check()
    ask(ada, "Give me a good recipe for lasagne")
    expect(ada.locator("#draft .trial .outcome-answer")).to_be_visible()
    expect(ada.locator("#live .trial .outcome-redirect")).to_be_visible()
    picture("playground")
    ada.get_by_label("ask version 1 too").uncheck()
    ada.get_by_label("Say something as a user would").fill("Wait [[stall:8]]")
    ada.get_by_role("button", name="Ask", exact=True).click()
    expect(ada.get_by_text(re.compile(r"waiting for the model… \d+ s"))).to_be_visible()
    ada.get_by_role("button", name="Stop").click()
    expect(ada.get_by_text("Stopped; what came until then is recorded")).to_be_visible()
    Session.objects.all().delete()
    ada.get_by_label("Say something as a user would").fill("Typed in vain?")
    ada.get_by_role("button", name="Ask", exact=True).click()
    fill_sign_in(ada)
    expect(ada.get_by_label("Say something as a user would")).to_have_value("Typed in vain?")


def test_behaviours_are_searched_filtered_and_reset(ada: Page, picture):
    begin(ada, start="Companion")
    ada.get_by_role("link", name="All behaviours").click()
    picture("behaviours")
    shown = ada.locator("[data-row]:visible")
    whole = shown.count()
    ada.get_by_label("Search").fill("swear")
    expect(shown).to_have_count(1)
    row = ada.locator(".behaviour", has_text="Crude language")
    expect(row).to_contain_text("Answers stay free of crude language")
    row.get_by_role("switch").check()
    expect(row).to_contain_text("Users who swear are answered in kind")
    ada.get_by_label("Search").fill("")
    expect(shown).to_have_count(whole)
    ada.get_by_label("Changed only").check()
    expect(shown).to_have_count(3)
    row.get_by_role("button", name="Reset Crude language").click()
    expect(shown).to_have_count(2)
    ada.get_by_role("button", name="Save in the draft").click()
    expect(ada.get_by_text("Saved in the draft")).to_be_visible()
    assert set(Deployment.objects.get().draft["behaviours"]) == {"relationship_personas", "breaks_character"}
    ada.get_by_role("button", name="Reset all").click()
    ada.get_by_role("button", name="Save in the draft").click()
    expect(ada.get_by_text("Saved in the draft")).to_be_visible()
    assert not Deployment.objects.get().draft.get("behaviours")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible_and_fit(ada: Page, web: str, scheme: str, picture):
    ada.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    begin(ada)
    ask(ada, "How do I reverse a list in Python?")
    deployment = f"/deployments/{Deployment.objects.get().pk}/"
    asked = ada.url.removeprefix(web)
    paths = ["/deployments/", "/deployments/new/", asked, f"{deployment}go-live/", f"{deployment}playground/"]
    paths += [f"{deployment}scope/", f"{deployment}behaviours/", f"{deployment}first-call/"]
    found = []
    for path in paths:
        for width in SIZES:
            ada.set_viewport_size({"width": width, "height": 850})
            response = ada.goto(f"{web}{path}")
            found += [f"{path}: {fault}" for fault in faults(ada, response)]
            if ada.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{path}: runs over at {width} px")
        found += grave_findings(ada, path)
        if scheme == "light":
            picture(path.partition("?")[0].strip("/").split("/")[-1])
    assert found == []


def test_without_a_script_everything_but_the_live_parts_serves(web: str, model, demo, new_context):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{web}/sign-in/")
    fill_sign_in(page, "operator@plumbline.example", demo["password"])
    begin(page, "Plain")
    page.get_by_text("Topics it helps with").click()
    page.get_by_role("button", name="Room for another topic").first.click()
    expect(page.get_by_role("group", name="Topic 8")).to_be_visible()
    page.get_by_label("Topic", exact=True).nth(7).fill("Licences")
    page.get_by_label("What people say, one a line").nth(7).fill("What is the MIT licence: may I use it?")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("Saved in the draft")).to_be_visible()
    topics = Deployment.objects.get(name="Plain").draft["scope"]["allowed"]
    assert topics[-1] == {"name": "Licences", "examples": ["What is the MIT licence: may I use it?"]}
    page.goto(f"{web}/deployments/{Deployment.objects.get(name='Plain').pk}/try/")
    page.get_by_label("Instructions", exact=True).fill("Speak like a pirate.")
    page.get_by_label("Say something as a user would").fill("How do I reverse a list in Python?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".trial .rung")).to_have_count(4)
    assert Deployment.objects.get(name="Plain").draft["instructions"] == "Speak like a pirate."
    page.get_by_role("link", name="Go on to publishing").click()
    page.get_by_role("button", name="Publish and take a key").click()
    key = page.locator(".notice pre code").first.inner_text()
    page.get_by_role("link", name="See whether it has come").click()
    expect(page.get_by_text("Waiting for it")).to_be_visible()
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        client.messages.create(model="default", max_tokens=9, messages=[{"role": "user", "content": "Hello"}])
    page.get_by_role("link", name="Look now").click()
    expect(page.get_by_text("It has come")).to_be_visible()
