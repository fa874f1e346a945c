"""An operator finds who changed what, follows it, and has their own browser prove it."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from audit.log.models import Entry
from operators.keys import create_key, revoke_key
from operators.limits import change_limits
from operators.models import Account, Deployment
from tests.audit.log.log_support import Log
from tests.browser.test_accessibility import grave_findings


@pytest.fixture
def log(transactional_db: None, tmp_path: Path, settings) -> Log:
    settings.PLUMBLINE_LOG_KEY_FILE = str(tmp_path / "log.key")
    settings.PLUMBLINE_CHECKPOINT_DIR = str(tmp_path / "checkpoints")
    return Log(tmp_path)


def test_an_operator_follows_and_proves_an_act(demo, sign_in, picture, log):
    deployment, person = Deployment.objects.get(), Account.objects.get(email__startswith="operator")
    change_limits(deployment, {"requests": 50, "month_tokens": 100_000}, set_by="operator", by=person)
    change_limits(deployment, {"requests": 60}, set_by="operator", by=person)
    key, _ = create_key(deployment, "Production", by=person)
    revoke_key(key, by=person)
    with log.appender() as appender:
        appender.drain()
        appender.checkpoint()
    page = sign_in("operator")
    page.get_by_role("link", name="Audit trail").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Audit trail of")
    picture("audit-trail")
    page.get_by_label("About").select_option("key")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="History key Production").first.click()
    expect(page.get_by_text("The history of one key")).to_be_visible()
    expect(page.locator("li.key")).to_have_count(2)
    page.get_by_role("link", name="key revoked").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Key revoked")).to_be_visible()
    expect(page.locator("[data-verify]")).to_contain_text("in your browser")
    expect(page.locator("[data-verify]")).to_contain_text("Verified here, in your browser")
    page.get_by_text("Step by step").click()
    picture("audit-entry")
    assert grave_findings(page, "entry") == []
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Download the receipt").click()
    assert downloaded.value.suggested_filename.startswith("receipt-")
    entry = Entry.objects.get(name="key.revoked")

    def altered(route):
        made = route.fetch().json()
        made["entry"]["actor"]["id"] = "somebody else"
        route.fulfill(json=made)

    page.route("**/receipt.json", altered)
    page.goto(f"{demo['web']}/operators/{deployment.operator_id}/audit-trail/{entry.pk}/")
    expect(page.locator("[data-verify]")).to_contain_text("NOT verified")


def test_a_download_of_the_trail(demo, sign_in, log):
    page = sign_in("operator")
    page.get_by_role("link", name="Audit trail").click()
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Download with proofs").click()
    assert downloaded.value.suggested_filename == "plumbline-audit-trail.jsonl"
