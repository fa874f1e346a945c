"""An operator looks after keys, versions, models and usage."""

import re
import time
from collections.abc import Callable

import anthropic
import pytest
from playwright.sync_api import Page, expect

from operators.models import Deployment
from operators.publishing import publish
from tests.browser.test_journeys import ask

Enter = Callable[[str], Page]


@pytest.fixture
def coding(sign_in: Enter) -> Page:
    page = sign_in("operator")
    page.get_by_role("link", name="Coding helper").click()
    return page


def test_a_key_is_rotated_with_overlap_by_keyboard(demo, coding, picture):
    page = coding
    page.get_by_role("link", name="Keys").click()
    row = page.locator(".key", has_text="Demo")
    row.get_by_text("Rotate", exact=True).focus()
    page.keyboard.press("Enter")
    row.get_by_label("Hours that the old key stays").fill("1000")
    picture("key-rotation")
    row.get_by_label("Hours that the old key stays").fill("2")
    page.keyboard.press("Enter")
    key = page.locator(".notice code").first.inner_text()
    for works in (key, demo["key"]):
        assert ask(demo, "How do I reverse a list in Python?", works).content
    expect(page.locator(".key", has_text="replaced")).to_have_count(1)


def test_a_key_for_a_pipeline_manages_and_answers_nobody(demo, coding, picture):
    page = coding
    page.get_by_role("link", name="Keys").click()
    page.get_by_label("Name").fill("pipeline")
    for scope in ("answers", "the record"):
        page.get_by_label(re.compile(scope)).uncheck()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_text("Choose at least one.", exact=True)).to_be_visible()
    page.get_by_label(re.compile("management")).check()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("status")).to_contain_text("plumbline.py pull")
    picture("key-created")
    key = page.locator(".notice code").first.inner_text()
    with pytest.raises(anthropic.PermissionDeniedError, match="scope"):
        ask(demo, "hello", key)


def test_versions_tell_what_changed(coding, picture):
    page, deployment = coding, Deployment.objects.get()
    scope = {**deployment.draft["scope"], "description": "For programmers who cook."}
    publish(deployment, {**deployment.draft, "scope": scope, "instructions": "Be brief. " * 20}, by=None)
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("link", name="2", exact=True).click()
    expect(page.get_by_text("What it is for")).to_contain_text("For programmers who cook.")
    page.get_by_text("In full").first.click()
    picture("version")
    page.get_by_label("Compare with").select_option(label="The draft")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("Nothing differs.")).to_be_visible()


def test_usage_counts_a_turn(demo, coding, picture):
    ask(demo, "How do I reverse a list in Python?")
    page = coding
    page.get_by_role("navigation", name="Deployment").get_by_role("link", name="Usage").click()
    expect(page.locator("div[aria-labelledby=table-keys] tbody tr")).to_contain_text(re.compile(r"Demo\s*1"))
    picture("usage")


def test_models_are_given_names(demo, coding, picture):
    page = coding
    page.get_by_role("link", name="Models").click()
    page.get_by_label("Its own names for models").fill("fast = default\nsmart = nowhere")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#id_aliases_error")).to_contain_text("smart: does not stand for a model")
    picture("models")
    page.get_by_label("Its own names for models").fill("fast = default")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("within a second")
    time.sleep(1)
    with anthropic.Anthropic(base_url=demo["web"], api_key=demo["key"], max_retries=0) as client:
        question = {"role": "user", "content": "How do I reverse a list in Python?"}
        assert client.messages.create(model="fast", max_tokens=9, messages=[question]).model == "fast"
