"""Anyone reads the charter, links to a rule, follows its history and sees what changed, on any screen and on paper."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from charter import load_charter, versions
from tests.support.validity import faults

NUMBERS = [version.number for version in versions()]
PAGES = {
    "whole": "/charter/",
    "versions": "/charter/versions/",
    "oldest": f"/charter/versions/{NUMBERS[-1]}/",
    "compare": f"/charter/compare/{NUMBERS[-1]}/{NUMBERS[0]}/",
}


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_the_html_is_valid_and_axe_finds_nothing(web: str, page: Page, path: str):
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        response = page.goto(f"{web}{path}")
        assert faults(page, response) == []
        assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_nothing_is_refused_by_the_policy_and_nothing_runs_over(web: str, page: Page, path: str):
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for width in (360, 768, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 850})
        page.goto(f"{web}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []


def test_a_reader_finds_a_line_a_rule_and_a_behaviour_with_their_reasons(web: str, page: Page, picture):
    page.goto(f"{web}/charter/")
    picture("charter")
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Bright lines").click()
    line = page.locator("#line-mass_destruction_weapons")
    expect(line).to_be_in_viewport()
    expect(line).to_contain_text("It is declined: a mistake could not be undone.")
    expect(line).to_contain_text("Teaching, history, policy, medicine and public safety are fine.")
    rule = page.locator("[id='rule-risk.emergency']")
    expect(rule).to_contain_text("Someone's life or safety is in danger now (certain)")
    expect(rule).to_contain_text("Before anything else, and whatever this app is for")
    behaviour = page.locator("#behaviour-clinical_dosage")
    expect(behaviour).to_contain_text("off by default")
    expect(behaviour).to_contain_text("needs a reason")
    expect(behaviour).to_contain_text("this is the operator's to settle")


def test_a_link_to_a_rule_opens_at_it(web: str, page: Page):
    page.goto(f"{web}/charter/#rule-scope.outside")
    rule = page.locator("[id='rule-scope.outside']")
    expect(rule).to_be_in_viewport()
    rule.get_by_role("link", name="Link to scope.outside").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"#rule-scope\.outside$"))


def test_a_reader_follows_the_history_and_compares_two_versions(web: str, page: Page, picture):
    page.goto(f"{web}/charter/")
    page.get_by_role("link", name="All versions").click()
    picture("charter-versions")
    page.get_by_role("link", name="What changed from 0.2 to 0.3").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed from 0.2 to 0.3")
    rule = page.locator(".entry", has=page.get_by_role("heading", name="bright_line.caution"))
    told = rule.get_by_role("group", name="What the model is told")
    expect(told.locator(".before .side-name")).to_have_text("Before")
    expect(told.locator(".before del").first).to_be_visible()
    expect(told.locator(".after .side-name")).to_have_text("After")
    expect(told.locator(".after ins").first).to_contain_text("{caution}")
    picture("charter-compare")
    page.get_by_label("From", exact=True).select_option("0.1")
    page.get_by_label("To", exact=True).select_option("0.2")
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(f"{web}/charter/compare/0.1/0.2/")
    expect(page.get_by_role("heading", name="abuse.patience")).to_contain_text("added")
    page.get_by_role("link", name="Read abuse.patience in version 0.2").click()
    expect(page.locator("[id='rule-abuse.patience']")).to_be_in_viewport()
    expect(page.get_by_text("This draft called itself 1.0")).to_be_visible()
    page.get_by_role("link", name=f"Read version {NUMBERS[0]}, which is in force").click()
    expect(page.get_by_text("no longer in force")).to_have_count(0)


def test_what_changed_is_not_told_by_colour_alone(web: str, page: Page):
    page.goto(f"{web}/charter/compare/0.2/0.3/")
    for selector, line in (("del", "line-through"), ("ins", "underline")):
        assert line in page.locator(selector).first.evaluate("one => getComputedStyle(one).textDecorationLine")


@pytest.mark.parametrize("kind", ["TOML", "JSON"])
def test_the_document_is_downloaded_under_its_name(web: str, page: Page, kind: str):
    page.goto(f"{web}/charter/")
    with page.expect_download() as started:
        page.get_by_role("link", name=f"Download as {kind}").click()
    assert started.value.suggested_filename == f"plumbline-charter-{load_charter().version}.{kind.lower()}"


def test_on_paper_the_text_is_whole_and_what_is_for_the_screen_is_gone(web: str, page: Page):
    page.goto(f"{web}/charter/")
    page.emulate_media(media="print")
    for gone in (".contents", ".top", ".permalink"):
        assert not page.locator(gone).first.is_visible()
    assert page.locator("[id='rule-scope.outside']").is_visible()
    page.goto(f"{web}/charter/compare/0.2/0.3/")
    assert not page.get_by_label("From", exact=True).is_visible()


def test_it_is_read_without_javascript(browser, web: str):
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{web}/charter/compare/0.1/0.2/")
        page.get_by_label("To", exact=True).select_option(NUMBERS[0])
        page.get_by_role("button", name="Compare").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"What changed from 0.1 to {NUMBERS[0]}")
    finally:
        context.close()
