"""A webhook in the browser, beside a real relay and worker: made, tested, seen to arrive, rotated, removed."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from operators.models import EventType, Operator, Webhook, WebhookDelivery
from operators.webhooks import emit
from operators.webhooks.endpoints import create_webhook, disable
from tests.browser.test_accessibility import grave_findings
from tests.support.broker import worker
from tests.support.receiver import Receiver, Reply


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    settings.PRIVATE_WEBHOOKS = True
    with Receiver() as server:
        yield server


@pytest.fixture
def at_work(demo, clean_queue, log_file: Path) -> Iterator[None]:
    with worker(log_file, {"PLUMBLINE_PRIVATE_WEBHOOKS": "1"}):
        yield


def made(receiver: Receiver) -> Webhook:
    return create_webhook(Operator.objects.get(), url=receiver.url, types=EventType.values, actor=("account", "t"))[0]


def test_a_webhook_is_made_and_tested_and_the_page_tells_how_it_goes(at_work, demo, sign_in, receiver, picture):
    page: Page = sign_in("operator")
    page.get_by_role("link", name="Webhooks").click()
    expect(page.get_by_text("No webhook yet")).to_be_visible()
    picture("webhooks-empty")
    page.get_by_role("link", name="Make the first one").click()
    page.get_by_label("Address").fill("ftp://hooks.example")
    page.get_by_label("turn.flagged").check()
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".field.has-error")).to_contain_text("An address reads https://host")
    picture("webhook-form")
    page.get_by_label("Address").fill(receiver.url)
    page.get_by_label("Description").fill("On call")
    page.get_by_label("configuration.published").check()
    page.get_by_role("button", name="Make it").click()
    secret = page.locator("#secret").inner_text()
    assert secret.startswith("whsec_")
    picture("webhook-secret")

    page.get_by_role("link", name="on to the webhook").click()
    receiver.answers = [Reply(500, b"not yet")]
    page.get_by_role("button", name="Send a test event").click()
    # The page asks for the attempts itself; nobody reloads it.
    attempts = page.locator("#attempts")
    expect(attempts).to_contain_text("it answered 500", timeout=60_000)
    expect(attempts).to_contain_text("not yet")
    expect(attempts).to_contain_text("delivered", timeout=60_000)
    expect(attempts).not_to_have_attribute("hx-get", re.compile("."))
    picture("webhook-delivery")
    first, second = receiver.received
    assert first.id == second.id
    assert second.verified(secret)["type"] == "webhook.test"

    page.get_by_role("button", name="Send it again").click()
    expect(page.locator("#attempts .key")).to_have_count(3, timeout=60_000)
    assert receiver.received[2].id == first.id

    page.get_by_role("link", name="On call").click()
    emit(Operator.objects.get().pk, None, EventType.CONFIGURATION_PUBLISHED, {"number": 7})
    page.reload()
    expect(page.locator("#log .tag.good")).to_have_count(2, timeout=60_000)
    picture("webhook")


def test_a_secret_is_rotated_and_a_webhook_removed(demo, sign_in, receiver):
    webhook = made(receiver)
    old = webhook.secrets()
    page = sign_in("operator")
    page.goto(f"{demo['web']}/webhooks/{webhook.pk}/")
    page.get_by_text("Rotate", exact=True).click()
    page.get_by_label("The old one stays valid").select_option("for a day")
    page.get_by_role("button", name="Make a new secret").click()
    new = page.locator("#secret").inner_text()
    assert Webhook.objects.get().secrets() == [new, *old]
    page.get_by_role("link", name="on to the webhook").click()
    expect(page.get_by_text(new)).to_have_count(0)
    page.get_by_text("Remove this webhook").click()
    page.get_by_role("button", name=f"Remove {webhook}").click()
    expect(page.get_by_role("status")).to_contain_text("is removed")
    expect(page.get_by_text("No webhook yet")).to_be_visible()


def test_one_that_switched_itself_off_says_so_and_comes_back(demo, sign_in, receiver, picture):
    webhook = made(receiver)
    for number in range(3):
        emit(webhook.operator_id, None, EventType.BUDGET_ALERTED, {"number": number})
    last = WebhookDelivery.objects.latest("id")
    WebhookDelivery.objects.filter(pk=last.pk).update(dead_at=last.created_at, error="it answered 503")
    disable(webhook, Webhook.Disabled.FAILING, actor=("platform", "webhooks"))
    page = sign_in("operator")
    page.get_by_role("link", name="Webhooks").click()
    expect(page.get_by_text("switched off")).to_be_visible()
    picture("webhooks")
    page.get_by_role("link", name=webhook.origin).click()
    expect(page.get_by_text("every delivery failed for days")).to_be_visible()
    expect(page.get_by_text("2 deliveries wait")).to_be_visible()
    picture("webhook-off")
    page.get_by_role("button", name="Switch it on").click()
    page.get_by_label("State").select_option("failed")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#log tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status")).to_contain_text("1 delivery is on its way again")
    assert WebhookDelivery.objects.filter(dead_at=None, handed_at=None).count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(demo, sign_in: Callable[[str], Page], page: Page, receiver, scheme):
    page.emulate_media(color_scheme=scheme)
    sign_in("operator")
    operator = Operator.objects.get()
    paths = ["/webhooks/", f"/webhooks/new/{operator.pk}/"]
    found = _findings(page, demo["web"], paths)
    webhook = made(receiver)
    emit(operator.pk, None, EventType.BUDGET_ALERTED, {})
    delivery = WebhookDelivery.objects.get()
    delivery.tries.create(status=500, milliseconds=3, excerpt="no", error="it answered 500")
    WebhookDelivery.objects.update(dead_at=delivery.created_at)
    one = f"/webhooks/{webhook.pk}/"
    found += _findings(page, demo["web"], ["/webhooks/", one, f"{one}change/", f"{one}deliveries/{delivery.pk}/"])
    disable(webhook, actor=("account", "t"))
    found += _findings(page, demo["web"], [one])
    page.get_by_role("button", name="Make a new secret").click()
    expect(page.locator("#secret")).to_be_visible()
    page.wait_for_load_state("load")  # its styles are part of what is looked at
    found += grave_findings(page, "secret")
    assert found == []


def _findings(page: Page, web: str, paths: list[str]) -> list[str]:
    found = []
    for path in paths:
        page.goto(f"{web}{path}")
        for summary in page.locator("details.confirm > summary").all():
            summary.click()
        found += grave_findings(page, path)
    return found
