"""The three people, each finding what an app's turn left behind."""

import re
import time
from collections.abc import Callable

import anthropic
import pytest
from playwright.sync_api import Page, expect

from audit.log.models import Entry
from operators.models import Deployment
from tests.browser.conftest import reviewed


def ask(demo: dict[str, str], text: str, key: str = "") -> anthropic.types.Message:
    with anthropic.Anthropic(base_url=demo["web"], api_key=key or demo["key"], max_retries=0) as client:
        return client.messages.create(model="default", max_tokens=99, messages=[{"role": "user", "content": text}])


def test_an_operator_finds_a_turn_and_why_it_was_decided_so(demo, sign_in, picture):
    ask(demo, "Give me a good recipe for lasagne")
    reviewed()
    page = sign_in("operator")
    picture("deployments")
    page.get_by_role("link", name="Coding helper").click()
    picture("deployment")
    page.get_by_role("link", name="Conversations").click()
    picture("conversations")
    page.get_by_role("link", name=re.compile("UTC")).click()
    expect(page.get_by_text("Give me a good recipe for lasagne")).to_be_visible()
    expect(page.locator(".tag.outcome-redirect")).to_be_visible()
    expect(page.locator(".rung.won")).to_contain_text("Helpfulness")
    expect(page.locator(".findings")).to_contain_text("audit review")
    picture("conversation")


def test_an_operator_shapes_publishes_and_rolls_back(demo, sign_in, picture):
    page = sign_in("operator")
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Scope and persona").click()
    picture("scope")
    page.get_by_label("What is this deployment for?").fill("Recipes and nothing else.")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("status")).to_contain_text("Saved in the draft")
    page.get_by_role("link", name="Overview").click()
    page.get_by_label("What changed?").fill("Now for cooks")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_contain_text("Version 2 is live")
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_text("Now for cooks")).to_be_visible()
    picture("versions")
    page.get_by_role("button", name="Roll back to 1").click()
    expect(page.get_by_role("status")).to_contain_text("Version 3 is live")
    assert "programmers" in Deployment.objects.get().live.settings["scope"]["description"]


def test_a_setting_the_charter_refuses_is_explained_beside_it(demo, sign_in, picture):
    page = sign_in("operator")
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Behaviours").click()
    picture("behaviours")
    expect(page.locator(".tag.locked").first).to_be_visible()
    row = page.locator(".behaviour", has_text="Dosage information")
    row.get_by_role("switch").check()
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.locator(".behaviour.has-error").count() == 1
    expect(page.locator(".behaviour.has-error").get_by_role("switch")).to_be_checked()
    page.locator(".behaviour.has-error").get_by_label("Reason, kept with the version").fill("Our users are clinicians")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("status")).to_contain_text("Saved in the draft")


def test_a_key_is_shown_once_works_and_is_revoked(demo, sign_in, picture):
    page = sign_in("operator")
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Keys").click()
    page.get_by_label("Name").fill("web backend")
    page.get_by_role("button", name="Create").click()
    key = page.locator(".notice code").first.inner_text()
    assert ask(demo, "How do I reverse a list in Python?", key).content
    page.goto(page.url)
    expect(page.get_by_text(key)).to_have_count(0)
    picture("keys")
    row = page.locator(".key", has_text="web backend")
    row.get_by_text("Revoke", exact=True).click()
    row.get_by_role("button", name="Revoke web backend").click()
    expect(page.get_by_role("status")).to_contain_text("no longer opens anything")
    time.sleep(1)
    with pytest.raises(anthropic.AuthenticationError):
        ask(demo, "hello", key)


@pytest.mark.parametrize("who", ["reviewer", "steward"])
def test_reviewers_and_stewards_find_any_turn_and_that_they_looked_is_noted(demo, sign_in, picture, who):
    ask(demo, "Give me a good recipe for lasagne")
    reviewed()
    page = sign_in(who)
    page.get_by_role("link", name="Conversations").click()
    picture("all-conversations")
    page.get_by_role("link", name=re.compile("UTC")).click()
    expect(page.get_by_text("Give me a good recipe for lasagne")).to_be_visible()
    expect(page.locator(".rung.won")).to_contain_text("Helpfulness")
    expect(page.locator(".findings")).to_contain_text("wellbeing review")
    assert Entry.objects.filter(name="conversation.viewed").count() == 1


def test_wrong_passwords_and_roles_are_turned_away(demo, sign_in: Callable[[str], Page], page: Page, picture):
    page.goto(f"{demo['web']}/deployments/")
    picture("sign-in")
    page.get_by_label("E-mail address").fill("operator@plumbline.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page = sign_in("operator")
    for path in ("/oversight/", "/cases/", "/admin/"):
        response = page.goto(f"{demo['web']}{path}")
        assert response
        assert response.status == 403 or "/admin/login/" in page.url
