"""The API's reference: one page that is read at any width, and whose links lead to their places."""

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_read_at_any_width(web, page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{web}/docs")
    for width in (360, 768, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 850})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_shape_is_a_link_away(web, page):
    page.goto(f"{web}/docs#create_message")
    operation = page.locator("#create_message")
    operation.get_by_role("link", name="MessagesRequest").click()
    expect(page.locator("#shape-MessagesRequest")).to_be_in_viewport()
