"""A real Chromium against the real web process, and the demo's people."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Page

from conversations.models import Job, Replay, Turn
from conversations.redeciding.replays import start
from conversations.redeciding.working import work_on
from operators.management.commands.seed_demo import OPERATOR, REVIEWER, STEWARD, _seed
from operators.models import Deployment
from operators.publishing import save_draft
from tests.support.waiting import until

CHROMIUM = Path("/usr/bin/chromium")
PICTURES = os.environ.get("PLUMBLINE_SCREENSHOTS", "")
SIZES = (360, 768, 1280, 1920)
"""Widths in pixels, from a telephone to a large screen."""
SHOWN = Path("docs/images")
IN_DOCUMENTS = {"conversation", "replay", "versions"}
"""Pictures that the documentation shows: light, and 1280 wide."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason="no Chromium here: apt-get install chromium"))


@pytest.fixture(scope="session", autouse=True)
def orm_beside_playwright() -> None:
    """Playwright's synchronous API runs a loop in this thread; Django would take our queries for async ones."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """All tests sign in from one address; what earlier ones did does not count against it."""
    cache.clear()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    arguments = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return {**browser_type_launch_args, "executable_path": str(CHROMIUM), "args": arguments}


@pytest.fixture
def demo(web: str, transactional_db: None) -> dict[str, str]:
    """The demo as `make run` seeds it: address, password and key."""
    password, key = _seed()
    assert password
    assert key
    return {"web": web, "password": password, "key": key}


@pytest.fixture
def sign_in(page: Page, demo: dict[str, str]) -> Callable[[str], Page]:
    """`sign_in("operator")` opens the start page of one of the three people."""
    people = {"operator": OPERATOR, "reviewer": REVIEWER, "steward": STEWARD}

    def enter(who: str) -> Page:
        page.context.clear_cookies()
        page.goto(f"{demo['web']}/sign-in/")
        page.get_by_label("E-mail address").fill(people[who])
        page.get_by_label("Password").fill(demo["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    return enter


@pytest.fixture
def picture(page: Page) -> Callable[[str], None]:
    """Keeps a picture of the page in four sizes, light and dark, where PLUMBLINE_SCREENSHOTS names a folder."""

    def take(name: str) -> None:
        if not PICTURES:
            return
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        for scheme in ("light", "dark"):
            for width in SIZES:
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                page.set_viewport_size({"width": width, "height": 850})
                kept = page.screenshot(path=f"{PICTURES}/{name}-{scheme}-{width}.png", full_page=True)
                if name in IN_DOCUMENTS and (scheme, width) == ("light", 1280):
                    (SHOWN / f"{name}.png").write_bytes(kept)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 850})

    return take


def reviewed(*jobs: Job) -> None:
    """Does these review jobs, or those of all turns, here and now, as a worker would."""
    from audit.reviews.tasks import review_turn
    from audit.wellbeing.tasks import review_wellbeing

    until(Turn.objects.exists)
    for job in jobs or Job.objects.filter(done_at=None):
        {"audit": review_turn, "wellbeing": review_wellbeing}[job.kind](job.pk)


def replayed(deployment: Deployment) -> Replay:
    """A replay of a draft under which everything is answered, done here and now."""
    save_draft(deployment, {})
    made = start(deployment, size=50, days=7, by=None)
    work_on(made.pk)
    made.refresh_from_db()
    return made
