"""A steward reads the report of a month and takes it along."""

from datetime import timedelta

from playwright.sync_api import expect

from operators.models import Deployment
from tests.audit.reports.month_help import MONTH, a_month
from tests.browser.test_oversight_journey import looked_at


def test_a_steward_reads_the_month_and_takes_it_along(demo, sign_in, page, picture):
    Deployment.objects.update(created_at=MONTH.start - timedelta(days=40))
    a_month(Deployment.objects.get())
    sign_in("steward")
    page.goto(f"{demo['web']}/oversight/")
    page.get_by_role("link", name="Read the month's report").click()
    page.get_by_label("Month").select_option("2026-03")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Oversight report, March 2026")).to_be_visible()
    expect(page.get_by_role("img", name="Turns a day; the most on one day were 2.")).to_be_visible()
    numbers = page.locator("#outcomes ~ details")
    numbers.locator("summary").click()
    expect(numbers.get_by_role("row", name="Decline tier 1 1 16.7%")).to_be_visible()
    assert looked_at(page, "oversight-report", picture) == []
    with page.expect_download() as taken:
        page.get_by_role("link", name="Take it as a PDF").click()
    assert taken.value.suggested_filename == "plumbline-oversight-2026-03.pdf"
    assert taken.value.path().read_bytes().startswith(b"%PDF-")
