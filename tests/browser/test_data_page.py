"""A deployment's data settings in the browser: set, kept on an error, and shown with what retention removed."""

from playwright.sync_api import expect

from conversations.models import RetentionRun
from operators.models import DataSettings, Deployment


def test_days_are_set_and_an_error_stands_by_its_field(demo, sign_in, page, picture):
    sign_in("operator")
    deployment = Deployment.objects.get()
    page.goto(f"{demo['web']}/deployments/{deployment.pk}/")
    page.get_by_role("link", name="Data", exact=True).click()
    page.get_by_label("Days that it is kept").fill("30")
    page.get_by_label("In what is kept", exact=True).check()
    page.get_by_label("Where the data are").fill("Frankfurt, Germany")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It takes hold within a second")).to_be_visible()
    row = DataSettings.objects.get(pk=deployment.pk)
    assert (row.retention_days, row.redaction, row.store_content) == (30, "storage", True)
    RetentionRun.objects.create(deployment=deployment, days=30, turns=1234, conversations=56)
    page.reload()
    expect(page.get_by_role("cell", name="1,234")).to_be_visible()
    picture("data")
    days = page.get_by_label("Days that it is kept")
    days.evaluate("field => field.form.noValidate = true")
    days.fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#id_retention_days_error")).to_be_visible()
    expect(page.get_by_label("Where the data are")).to_have_value("Frankfurt, Germany")
