"""The pages of webhooks: who may see and do what, what is said of mistakes, and secrets that are shown once."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.log.models import Entry
from operators.models import (
    Account,
    Deployment,
    EventType,
    Membership,
    Operator,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
)
from operators.webhooks import emit
from operators.webhooks.endpoints import MOST, create_webhook, disable
from tests.operators.webhooks.conftest import ACTOR, Made

URL = "https://hooks.example/plumbline?token=t0ken"
FORM = {"url": URL, "description": "On call", "types": ["turn.flagged", "budget.alerted"]}
CHANGES = ["webhook-test", "webhook-rotate", "webhook-switch", "webhook-remove", "webhook-replay-failed"]


def person(operator: Operator | None, role: str = "owner") -> Client:
    account = Account.objects.create_user(f"{uuid4()}@example.com", "pw")
    if operator:
        Membership.objects.create(operator=operator, account=account, role=role)
    client = Client()
    client.force_login(account)
    return client


@pytest.fixture
def operator(deployment: Deployment) -> Operator:
    return deployment.operator


@pytest.fixture
def owner(operator: Operator) -> Client:
    return person(operator)


@pytest.fixture
def made(operator: Operator) -> Made:
    return Made(*create_webhook(operator, url=URL, types=EventType.values, actor=ACTOR))


@pytest.fixture
def delivery(made: Made, deployment: Deployment) -> WebhookDelivery:
    emit(deployment.operator_id, deployment.pk, EventType.BUDGET_ALERTED, {"share": 80})
    delivery = WebhookDelivery.objects.get()
    WebhookAttempt.objects.create(
        delivery=delivery, status=500, milliseconds=12, excerpt="<b>oh no</b>", error="it answered 500"
    )
    return delivery


def page(client: Client, name: str, *arguments: object) -> str:
    response = client.get(reverse(name, args=arguments))
    assert response.status_code == 200
    return response.text


def post(client: Client, name: str, *arguments: object, **form: object):
    return client.post(reverse(name, args=arguments), form)


def paths(made: Made, delivery: WebhookDelivery) -> list[str]:
    one = [reverse(name, args=[made.webhook.pk]) for name in ("webhook", "webhook-change")]
    return [*one, reverse("webhook-delivery", args=[made.webhook.pk, delivery.pk])]


def test_a_webhook_is_made_and_its_secret_shown_once(owner, operator, deployment):
    response = post(owner, "webhook-new", operator.pk, **FORM, deployments=[str(deployment.pk)])
    (secret,) = re.findall(r"whsec_[\w+/=]+", response.text)
    webhook = Webhook.objects.get()
    assert webhook.secrets() == [secret]
    assert (webhook.url, webhook.types, webhook.deployment_ids) == (URL, FORM["types"], [str(deployment.pk)])
    assert "no-store" in response["cache-control"]
    for name in ("webhook", "webhook-change"):
        assert secret not in page(owner, name, webhook.pk)
    assert secret.encode() not in bytes(webhook.sealed_secret)
    entry = Entry.objects.get(name="webhook.created")
    assert entry.subject_id == str(webhook.pk)
    assert secret not in str(entry.detail)
    assert "t0ken" not in str(entry.detail)


@pytest.mark.parametrize(
    ("field", "wrong", "word"),
    [
        ("url", "https://10.0.0.1/", "not on the public internet"),
        ("url", "http://hooks.example/", "use https"),
        ("url", "", "required"),
        ("url", "https://x.example/\0", "Null characters"),
        ("url", "https://x.example/" + "a" * 1000, "1000"),
        ("description", "d" * 201, "200"),
        ("types", [], "required"),
        ("types", ["turn.invented"], "turn.invented"),
        ("deployments", [str(uuid4())], "not one of the available choices"),
    ],
)
def test_a_mistake_is_told_beside_its_field(owner, operator, field, wrong, word):
    response = post(owner, "webhook-new", operator.pk, **(FORM | {field: wrong}))
    assert response.status_code == 200
    (told,) = re.findall(rf'id="id_{field}_error">([^<]+)<', response.text)
    assert word in told
    assert not Webhook.objects.exists()


def test_another_operators_deployment_cannot_be_named(operator):
    theirs = Deployment.objects.create(operator=Operator.objects.create(name="Other"), name="App")
    with pytest.raises(Exception, match="deployments of this operator"):
        create_webhook(operator, url=URL, types=["turn.flagged"], deployment_ids=[str(theirs.pk)], actor=ACTOR)


def test_there_is_an_end_to_how_many_there_can_be(owner, operator, made):
    for _ in range(MOST - 1):
        create_webhook(operator, url=URL, types=["turn.flagged"], actor=ACTOR)
    assert f"at most {MOST}" in post(owner, "webhook-new", operator.pk, **FORM).text
    assert operator.webhooks.count() == MOST


def test_without_a_master_key_none_can_be_made_and_that_is_said(owner, operator, settings):
    settings.MASTER_KEYS = []
    assert "PLUMBLINE_MASTER_KEY" in post(owner, "webhook-new", operator.pk, **FORM).text
    assert not Webhook.objects.exists()


def test_it_is_changed_and_a_new_address_is_well_until_proven_otherwise(owner, made):
    Webhook.objects.update(failing_since=timezone.now())
    post(owner, "webhook-change", made.webhook.pk, **FORM)
    webhook = Webhook.objects.get()
    assert (webhook.description, webhook.types) == ("On call", FORM["types"])
    assert webhook.failing_since is not None
    post(owner, "webhook-change", made.webhook.pk, **(FORM | {"url": "https://new.example/"}))
    webhook.refresh_from_db()
    assert (webhook.url, webhook.failing_since) == ("https://new.example/", None)
    assert webhook.secrets() == [made.secret]
    details = list(Entry.objects.filter(name="webhook.changed").order_by("at").values_list("detail", flat=True))
    assert [one["fields"] for one in details] == [["description", "types"], ["url"]]


def test_a_rotated_secret_overlaps_with_the_old_one_or_not(owner, made):
    new = re.findall(r"whsec_[\w+/=]+", post(owner, "webhook-rotate", made.webhook.pk, overlap=24).text)[0]
    assert Webhook.objects.get().secrets() == [new, made.secret]
    assert "signs as well" in page(owner, "webhook", made.webhook.pk)
    Webhook.objects.update(old_secret_until=timezone.now())
    assert Webhook.objects.get().secrets() == [new]
    last = re.findall(r"whsec_[\w+/=]+", post(owner, "webhook-rotate", made.webhook.pk, overlap=0).text)[0]
    webhook = Webhook.objects.get()
    assert (webhook.secrets(), webhook.sealed_old_secret) == ([last], None)
    entries = Entry.objects.filter(name="webhook.secret_rotated").order_by("at")
    assert [entry.detail["overlap_seconds"] for entry in entries] == [86400, 0]


def test_it_is_switched_off_and_on_and_removed(owner, made):
    post(owner, "webhook-switch", made.webhook.pk, to="off")
    post(owner, "webhook-switch", made.webhook.pk, to="off")
    assert "Switched off by a member" in page(owner, "webhook", made.webhook.pk)
    post(owner, "webhook-switch", made.webhook.pk, to="on")
    assert Webhook.objects.get().enabled
    post(owner, "webhook-remove", made.webhook.pk)
    assert not Webhook.objects.exists()
    names = list(Entry.objects.filter(subject_type="webhook").order_by("at").values_list("name", flat=True))
    assert names == ["webhook.created", "webhook.disabled", "webhook.enabled", "webhook.removed"]


@pytest.mark.parametrize("because", [Webhook.Disabled.FAILING, Webhook.Disabled.GONE])
def test_that_it_switched_itself_off_is_told_on_its_page_and_in_the_list(owner, made, because):
    disable(made.webhook, because, actor=("platform", "webhooks"))
    assert "Switched off by itself" in page(owner, "webhook", made.webhook.pk)
    assert "switched off" in page(owner, "webhooks")


def test_a_test_event_leads_to_its_delivery_and_waits_for_no_second(owner, made):
    for _ in range(2):
        response = post(owner, "webhook-test", made.webhook.pk)
    delivery = WebhookDelivery.objects.get()
    assert response.url == reverse("webhook-delivery", args=[made.webhook.pk, delivery.pk])
    assert "webhook.test" in page(owner, "webhook-delivery", made.webhook.pk, delivery.pk)
    disable(made.webhook, actor=ACTOR)
    assert "Switch it on to test it" in owner.post(reverse("webhook-test", args=[made.webhook.pk]), follow=True).text


def test_the_log_shows_what_was_sent_and_answered(owner, made, delivery):
    text = page(owner, "webhook-delivery", made.webhook.pk, delivery.pk)
    assert "&lt;b&gt;oh no&lt;/b&gt;" in text
    assert delivery.message_id in text
    assert "&quot;share&quot;: 80" in text
    assert "it answered 500" in text
    row = page(owner, "webhook", made.webhook.pk)
    assert "budget.alerted" in row
    assert "500" in row


def test_the_log_is_filtered_and_paged(owner, made, deployment):
    for _ in range(35):
        emit(deployment.operator_id, None, EventType.BUDGET_ALERTED, {})
    emit(deployment.operator_id, None, EventType.BUDGET_EXHAUSTED, {})
    WebhookDelivery.objects.filter(type="budget.exhausted").update(dead_at=timezone.now())
    log = reverse("webhook", args=[made.webhook.pk])

    def rows(**query: str) -> int:
        return owner.get(log, query, headers={"hx-request": "true"}).text.count('id="delivery-')

    assert rows(status="failed") == rows(type="budget.exhausted") == 1
    assert rows(status="delivered") == 0
    assert rows(status="open") == 30
    (older,) = re.findall(r"before=(\d+)&amp;type=&amp;status=open", owner.get(log, {"status": "open"}).text)[-1:]
    assert rows(status="open", before=older) == 5
    assert rows(type="\0", status="nonsense", before="9" * 40) == 30


def test_htmx_gets_the_log_alone_and_asks_on_only_while_something_moves(owner, made, delivery):
    log = reverse("webhook", args=[made.webhook.pk])
    polled = owner.get(log, headers={"hx-request": "true"}).text
    assert polled.lstrip().startswith('<div id="log" hx-get=')
    WebhookDelivery.objects.update(done_at=timezone.now())
    assert "hx-get" not in owner.get(log).text
    one = reverse("webhook-delivery", args=[made.webhook.pk, delivery.pk])
    assert owner.get(one, headers={"hx-request": "true"}).text.lstrip().startswith('<div id="attempts"')


def test_someone_signed_out_meanwhile_is_sent_to_sign_in_as_a_whole(made):
    response = Client().get(reverse("webhook", args=[made.webhook.pk]), headers={"hx-request": "true"})
    assert response["hx-refresh"] == "true"


def test_one_and_all_failed_ones_are_sent_again(owner, made, delivery):
    WebhookDelivery.objects.update(dead_at=timezone.now())
    post(owner, "webhook-replay", made.webhook.pk, delivery.pk)
    assert WebhookDelivery.objects.get().status == "waiting"
    WebhookDelivery.objects.update(dead_at=timezone.now())
    assert "Enter a valid date" in post(owner, "webhook-replay-failed", made.webhook.pk, since="soon").text
    since = (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    response = owner.post(reverse("webhook-replay-failed", args=[made.webhook.pk]), {"since": since}, follow=True)
    assert "1 delivery is on its way" in response.text
    assert WebhookDelivery.objects.get().status == "waiting"


def test_an_analyst_reads_without_secrets_and_changes_nothing(operator, made, delivery):
    analyst = person(operator, "analyst")
    for path in (reverse("webhooks"), paths(made, delivery)[0], paths(made, delivery)[2]):
        response = analyst.get(path)
        assert response.status_code == 200
        assert "t0ken" not in response.text
    assert analyst.get(reverse("webhook-change", args=[made.webhook.pk])).status_code == 403
    assert analyst.get(reverse("webhook-new", args=[operator.pk])).status_code == 403
    assert {post(analyst, name, made.webhook.pk, to="off").status_code for name in CHANGES} == {403}
    assert post(analyst, "webhook-replay", made.webhook.pk, delivery.pk).status_code == 403
    assert Webhook.objects.get().enabled


def test_a_developer_changes(operator, made):
    assert post(person(operator, "developer"), "webhook-switch", made.webhook.pk, to="off").status_code == 302


def test_a_member_of_another_operator_finds_nothing(made, delivery, operator):
    other = Operator.objects.create(name="Other")
    stranger = person(other)
    assert {stranger.get(path).status_code for path in paths(made, delivery)} == {404}
    assert {post(stranger, name, made.webhook.pk).status_code for name in CHANGES} == {404}
    assert stranger.get(reverse("webhook-new", args=[operator.pk])).status_code == 404
    assert "hooks.example" not in page(stranger, "webhooks")
    # Nor does a webhook of one's own lead to another's deliveries.
    own, _ = create_webhook(other, url=URL, types=["turn.flagged"], actor=ACTOR)
    for name in ("webhook-delivery", "webhook-replay"):
        assert stranger.get(reverse(name, args=[own.pk, delivery.pk])).status_code in {404, 405}
    assert post(stranger, "webhook-replay", own.pk, delivery.pk).status_code == 404


def test_a_stranger_is_sent_to_sign_in(made, delivery):
    for path in [*paths(made, delivery), reverse("webhooks")]:
        assert Client().get(path).url.startswith("/sign-in/")


def test_the_list_counts_and_teaches(owner, operator, deployment):
    assert "No webhook yet" in page(owner, "webhooks")
    create_webhook(operator, url=URL, types=EventType.values, actor=ACTOR)
    emit(operator.pk, None, EventType.BUDGET_ALERTED, {})
    emit(operator.pk, None, EventType.BUDGET_EXHAUSTED, {})
    WebhookDelivery.objects.filter(type="budget.exhausted").update(dead_at=timezone.now())
    text = page(owner, "webhooks")
    assert "1 waits" in text
    assert "1 failed" in text
    assert "nothing sent yet" in text


def test_ids_beyond_all_bounds_are_not_found(owner, made):
    assert owner.get(reverse("webhook-delivery", args=[made.webhook.pk, 10**30])).status_code == 404
