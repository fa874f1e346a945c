"""An operator looks for conversations, reads why, takes them along, erases a user, and sees what was used."""

from concurrent.futures import ThreadPoolExecutor

import anthropic
import pytest
from django.test import override_settings
from playwright.sync_api import expect

from conversations.models import Conversation, Erasure, Export
from conversations.tasks import carry_out_erasure
from operators.models import Deployment
from tests.browser.test_accessibility import grave_findings
from tests.support.validity import faults
from tests.support.waiting import until

ASKED = (
    ("anna", "How do I reverse a list in Python?"),
    ("anna", "How do I sort one?"),
    ("ben", "Who should I vote for?"),
)


def carried_out(order: str) -> None:
    with override_settings(ERASURE_SETTLE_SECONDS=0):
        carry_out_erasure(order)


@pytest.fixture
def asked(demo) -> Deployment:
    with anthropic.Anthropic(base_url=demo["web"], api_key=demo["key"], max_retries=0) as client:
        for user, text in ASKED:
            message = {"role": "user", "content": text}
            client.messages.create(model="default", max_tokens=99, messages=[message], metadata={"user_id": user})
    return Deployment.objects.get()


@pytest.fixture
def opened(asked, sign_in, demo):
    page = sign_in("operator")
    return page, f"{demo['web']}/deployments/{asked.pk}"


def test_conversations_are_found_read_taken_along_and_erased(opened, picture):
    page, address = opened
    page.goto(f"{address}/conversations/")
    expect(page.locator("li.key time")).to_have_count(3)
    picture("conversations")
    page.get_by_label("Outcome").select_option("redirect")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("li.key time")).to_have_count(1)
    page.get_by_label("Tier").select_option("1")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("None like that.")).to_be_visible()
    page.get_by_role("link", name="Show all").first.click()
    page.get_by_role("link", name="ben", exact=True).click()
    page.locator("li.key a").first.click()
    expect(page.get_by_text("Who should I vote for?")).to_be_visible()
    picture("transcript")
    page.get_by_role("link", name="Turn 1", exact=True).click()
    page.wait_for_url(lambda url: "#turn-" in url)
    expect(page.locator(".turn:target")).to_be_visible()
    request = page.locator("dd code", has_text="req_").inner_text()
    page.goto(f"{address}/conversations/")
    page.get_by_label("Find by id").fill(request)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".turn:target")).to_be_visible()

    page.goto(f"{address}/conversations/?user=anna")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as JSON Lines").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 2
    assert "How do I sort one?" in lines[0]
    until(lambda: Export.objects.filter(whole=True).exists())

    page.get_by_role("link", name="Erase a user’s data").click()
    page.get_by_label("Type the id once more").fill("ana")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_text("This is not the same id.", exact=True)).to_be_visible()
    page.get_by_label("Type the id once more").fill("anna")
    picture("erase")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_text("0 of 2 conversations are erased.")).to_be_visible()
    picture("erasing")
    with ThreadPoolExecutor(1) as worker:
        worker.submit(carried_out, str(Erasure.objects.get().pk)).result(30)
    expect(page.get_by_text("2 conversations were erased for good.")).to_be_visible()
    assert Conversation.objects.filter(deleted_at=None).count() == 1


def test_usage_is_drawn_from_tables_that_can_be_read_without_a_script(opened, picture, browser, demo):
    page, address = opened
    page.goto(f"{address}/")
    expect(page.get_by_role("heading", name="The last 24 hours")).to_be_visible()
    picture("overview")
    page.get_by_role("link", name="Usage", exact=True).first.click()
    expect(page.locator(".chart canvas")).to_have_count(4)
    expect(page.locator("#numbers-outcomes")).to_be_hidden()
    picture("usage")
    page.locator("summary", has_text="The numbers").first.click()
    expect(page.locator("#numbers-outcomes tfoot td").first).to_have_text("2")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV of Turns by outcome").click()
    assert download.value.path().read_text(encoding="utf-8-sig").startswith("Day (UTC),answer,")
    plain = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    try:
        without = plain.new_page()
        without.goto(page.url)
        expect(without.locator("#numbers-outcomes")).to_be_visible()
        expect(without.locator(".chart").first).to_be_hidden()
    finally:
        plain.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_found_and_the_html_is_valid(opened, scheme):
    page, address = opened
    page.emulate_media(color_scheme=scheme)
    shown = Conversation.objects.filter(user_ref="ben").get()
    deployment = Deployment.objects.get()
    erasure = Erasure.objects.create(deployment=deployment, owner=b"anna", user_ref="anna", requested_by="account 1")
    found: list[str] = []
    paths = [
        "",
        "conversations/",
        "conversations/?outcome=x",
        "conversations/?user=nobody",
        f"conversations/{shown.pk}/",
        "usage/",
        "usage/?by=hour",
        "users/erase/",
        f"erasures/{erasure.pk}/",
    ]
    for path in paths:
        # Charts put elements into the page, which nobody wrote.
        page.route("**/charts.js", lambda route: route.abort())
        found += [f"{path}: {fault}" for fault in faults(page, page.goto(f"{address}/{path}"))]
        page.unroute("**/charts.js")
        page.goto(f"{address}/{path}")
        found += grave_findings(page, path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{path}: {wide} px too wide"] if wide > 0 else []
    assert found == []
