"""An operator sets a limit, is told what is too much, and an app is held to it."""

import time

import httpx2
from playwright.sync_api import expect

from operators.limits import change_limits
from operators.models import Deployment


def status(demo: dict[str, str]) -> int:
    body = {"model": "default", "max_tokens": 9, "messages": [{"role": "user", "content": "How do I sort a list?"}]}
    return httpx2.post(f"{demo['web']}/v1/messages", json=body, headers={"x-api-key": demo["key"]}).status_code


def test_an_operator_sets_limits_within_what_is_allowed(demo, sign_in, picture):
    deployment = Deployment.objects.get()
    change_limits(deployment.operator, {"month_tokens": 50_000}, set_by="platform", by=None)
    assert status(demo) == 200
    page = sign_in("operator")
    page.get_by_role("link", name="Coding helper").click()
    page.get_by_role("link", name="Limits", exact=True).click()
    page.get_by_label("Tokens a month").fill("60000")
    page.get_by_label("Requests a minute").fill("0")
    page.locator("form.wide-form").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(".has-error .error")).to_contain_text("50000")
    page.get_by_label("Tokens a month").fill("40000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("within a second")
    expect(page.locator(".tag", has_text="40,000")).to_be_visible()
    picture("limits")
    time.sleep(1)
    assert status(demo) == 429
    page.get_by_role("link", name="Limits of demo").first.click()
    expect(page.get_by_role("heading", name="Limits of the key")).to_be_visible()
    picture("key-limits")
