"""Every page: valid HTML, nothing refused by the policy, nothing that runs over; and its pictures, where asked for.

`make screenshots` keeps each in four sizes, light and dark.
"""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.conftest import SIZES
from tests.browser.every_page import addresses, demo_values
from tests.support.validity import faults

PEOPLE = ("operator", "steward", "reviewer")
FEWEST = 30
"""Pages, of each of which one of the people sees the very address."""


def test_every_page(demo, sign_in: Callable[[str], Page], picture: Callable[[str], None]):
    left = addresses(demo_values(demo))
    seen: set[str] = set()
    wrong: list[str] = []
    for who in PEOPLE:
        page = sign_in(who)
        said: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        for one in left:
            if one.name not in seen and _is_page(page, f"{demo['web']}{one.path}"):
                seen.add(one.name)
                page.goto(f"{demo['web']}{one.path}")
                found = [*_invalid(page), *said, *_too_wide(page)]
                wrong += [f"{one.path}: {fault}" for fault in found]
                picture(f"every-{one.name}")
            said.clear()
        left = [one for one in left if one.name not in seen]
    assert wrong == []
    assert len(seen) > FEWEST


def _is_page(page: Page, url: str) -> bool:
    """Whether the address itself shows something: others only take what is sent, or lead elsewhere."""
    response = page.request.get(url, max_redirects=0)
    return response.status == 200 and "text/html" in response.headers.get("content-type", "")


def _invalid(page: Page) -> list[str]:
    """The page as it was written: without the scripts, which add to it."""
    assert page.context.browser
    plain = page.context.browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    with plain:
        written = plain.new_page()
        return faults(written, written.goto(page.url))


def _too_wide(page: Page) -> list[str]:
    found = []
    for width in SIZES:
        page.set_viewport_size({"width": width, "height": 850})
        if (runs := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"is {runs} wide at {width}")
    page.set_viewport_size({"width": 1280, "height": 850})
    return found
