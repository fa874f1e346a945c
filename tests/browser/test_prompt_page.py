"""An operator reads what the model is told, before a turn and after it, on any screen."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.test_journeys import ask
from tests.support.validity import faults


def test_an_operator_reads_the_prompt_of_live_draft_and_turn(demo, sign_in, picture):
    ask(demo, "How do I reverse a list in Python? Is my boss a scammer?")
    page = sign_in("operator")
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Prompt", exact=True).click()
    picture("prompt")
    expect(page.get_by_role("heading", name="1 · Charter")).to_be_visible()
    expect(page.get_by_text("cache mark at its end")).to_have_count(1)
    expect(page.get_by_text("«Ada»").first).to_be_visible()
    page.get_by_role("link", name="Show the draft").click()
    expect(page.get_by_text("the draft", exact=True)).to_be_visible()
    page.get_by_role("link", name="Conversations").click()
    page.get_by_role("link", name=re.compile("UTC")).click()
    page.get_by_role("link", name="The whole system prompt of this turn").click()
    expect(page.get_by_text("to the letter", exact=True)).to_be_visible()
    picture("turn-prompt")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_html_is_valid_axe_finds_nothing_and_nothing_runs_over(demo, sign_in, scheme):
    ask(demo, "How do I reverse a list in Python?")
    page = sign_in("operator")
    page.emulate_media(color_scheme=scheme)
    page.get_by_role("link", name="Coding helper").click()
    base = page.url
    page.get_by_role("link", name="Conversations").click()
    page.get_by_role("link", name=re.compile("UTC")).click()
    conversation = page.url
    page.get_by_role("link", name="The whole system prompt of this turn").click()
    for url in (f"{base}prompt/", f"{base}prompt/?of=draft", conversation, page.url):
        assert faults(page, page.goto(url)) == [], url
        page.set_viewport_size({"width": 360, "height": 850})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, url
        page.set_viewport_size({"width": 1280, "height": 850})
        assert [violation["id"] for violation in Axe().run(page).response["violations"]] == [], url
