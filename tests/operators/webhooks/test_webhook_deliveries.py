"""A delivery's life, without a broker: tried with growing pauses, held back, given up, sent anew, purged."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.log.models import Entry
from operators.models import EventType, Operator, Webhook, WebhookDelivery
from operators.webhooks import emit
from operators.webhooks.deliveries import AT_ONCE_EACH, AT_ONCE_FAILING, DELIVERIES, DISABLED_AFTER, PAUSES, deliver
from operators.webhooks.endpoints import disable, enable, remove, send_test
from operators.webhooks.replaying import KEPT, purge, replay, replay_failed
from tests.operators.webhooks.conftest import ACTOR, attempt, due, handed
from tests.support.broker import queued
from tests.support.receiver import Reply

HOUR = timedelta(hours=1)


@pytest.fixture
def delivery(hook, deployment) -> WebhookDelivery:
    return told(deployment)


def told(deployment, **data) -> WebhookDelivery:
    emit(deployment.operator_id, deployment.pk, EventType.BUDGET_ALERTED, {"share": 80, **data})
    return WebhookDelivery.objects.latest("id")


def waits(delivery: WebhookDelivery) -> timedelta:
    """The pause after its last attempt."""
    return delivery.due_at - delivery.tries.last().at


def test_a_delivery_is_sent_once_and_verifies(receiver, hook, delivery):
    assert deliver(handed(delivery).pk) is True
    assert deliver(delivery.pk) is False
    (received,) = receiver.received
    payload = received.verified(hook.secret)
    assert payload["type"] == "budget.alerted"
    assert payload["data"] == {"share": 80}
    assert payload["timestamp"].endswith("Z")
    delivery.refresh_from_db()
    assert delivery.status == "delivered"
    (tried,) = delivery.tries.all()
    assert (tried.status, tried.error) == (204, "")


def test_a_failed_attempt_is_noted_and_repeated_with_the_same_id_and_body(receiver, hook, delivery):
    receiver.answers = [Reply(500, b"oh no")]
    attempt(delivery)
    assert (delivery.status, delivery.error) == ("retrying", "it answered 500 Internal Server Error")
    attempt(delivery)
    assert delivery.status == "delivered"
    first, second = receiver.received
    assert (first.id, first.body) == (second.id, second.body)
    assert second.verified(hook.secret)
    assert [(tried.status, tried.excerpt) for tried in delivery.tries.all()] == [(500, "oh no"), (204, "")]


def test_the_pauses_grow_for_about_three_days_and_then_it_is_given_up(receiver, delivery):
    receiver.answers = [Reply(503)] * 20
    whole = timedelta()
    for pause in PAUSES:
        attempt(delivery)
        assert pause * 0.85 < waits(delivery) < pause * 1.15
        whole += waits(delivery)
    attempt(delivery)
    assert delivery.status == "failed"
    assert timedelta(days=2.5) < whole < timedelta(days=3.7)
    assert delivery.tries.count() == len(PAUSES) + 1
    assert delivery not in due()


def test_pauses_differ_so_that_many_do_not_come_back_at_once(receiver, hook, deployment):
    receiver.answers = [Reply(503)] * 10
    pauses = {waits(attempt(told(deployment))).total_seconds() for _ in range(10)}
    assert max(pauses) - min(pauses) > 0.05


def test_only_what_is_due_is_handed_over(receiver, delivery):
    assert due() == [delivery]
    receiver.answers = [Reply(500)]
    attempt(delivery)
    assert due() == []
    WebhookDelivery.objects.update(due_at=timezone.now())
    assert due() == [delivery]


def test_a_message_from_before_it_was_put_off_sends_nothing(receiver, delivery):
    receiver.answers = [Reply(500)]
    attempt(delivery)
    assert deliver(delivery.pk) is False
    assert len(receiver.received) == 1


@pytest.mark.parametrize(("asked", "hours"), [("7200", 2), ("999999999", 24)], ids=["granted", "cut"])
def test_a_server_gets_the_quiet_it_asks_for(receiver, deployment, delivery, asked, hours):
    other = told(deployment)
    receiver.answers = [Reply(429, headers={"retry-after": asked})]
    attempt(delivery)
    assert abs(waits(delivery) - hours * HOUR) < timedelta(minutes=1)
    assert other not in due()
    Webhook.objects.update(resting_until=timezone.now())
    assert due() == [other]


def test_a_quiet_shorter_than_the_pause_changes_nothing(receiver, delivery):
    receiver.answers = [Reply(429, headers={"retry-after": "1"})]
    attempt(delivery)
    assert waits(delivery) > timedelta(seconds=3)


def test_410_gone_switches_it_off_and_gives_up(receiver, hook, deployment, delivery):
    other = told(deployment)
    receiver.answers = [Reply(410)]
    attempt(delivery)
    assert delivery.status == "failed"
    hook.webhook.refresh_from_db()
    assert (hook.webhook.enabled, hook.webhook.disabled_because) == (False, "gone")
    assert other not in due()
    entry = Entry.objects.get(name="webhook.disabled")
    assert (entry.actor_type, entry.detail["because"]) == ("platform", "gone")
    assert entry.detail["operator"] == str(hook.webhook.operator_id)


def test_days_of_nothing_but_failures_switch_it_off(receiver, hook, deployment):
    receiver.answers = [Reply(500)] * 9
    attempt(told(deployment))
    began = timezone.now() - DISABLED_AFTER
    Webhook.objects.update(failing_since=began + HOUR)
    attempt(told(deployment))
    assert Webhook.objects.get().enabled
    Webhook.objects.update(failing_since=began)
    attempt(told(deployment))
    webhook = Webhook.objects.get()
    assert (webhook.enabled, webhook.disabled_because) == (False, "failing")


def test_a_success_or_a_long_silence_ends_the_days_of_failures(receiver, hook, deployment):
    began = timezone.now() - DISABLED_AFTER
    receiver.answers = [Reply(500), Reply(204), Reply(500), Reply(500)]
    attempt(told(deployment))
    Webhook.objects.update(failing_since=began)
    attempt(told(deployment))
    assert Webhook.objects.get().failing_since is None
    attempt(told(deployment))
    Webhook.objects.update(failing_since=began, last_failure_at=began + HOUR)
    attempt(told(deployment))
    assert Webhook.objects.get().enabled


def test_while_it_is_off_nothing_is_sent_and_what_was_owed_goes_out_afterwards(receiver, hook, deployment, delivery):
    handed(delivery)
    disable(hook.webhook, actor=ACTOR)
    assert deliver(delivery.pk) is False
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("waiting", 0)
    emit(deployment.operator_id, deployment.pk, EventType.BUDGET_ALERTED, {})
    assert due() == []
    assert not receiver.received
    enable(hook.webhook, actor=ACTOR)
    assert due() == [delivery]


def test_a_removed_webhook_gets_nothing_and_its_deliveries_are_purged(receiver, hook, delivery):
    handed(delivery)
    remove(hook.webhook, actor=ACTOR)
    assert deliver(delivery.pk) is False
    assert not receiver.received
    assert purge() == 1
    assert not WebhookDelivery.objects.exists()


def test_one_that_is_lost_on_its_way_is_handed_over_again(delivery):
    handed(delivery)
    WebhookDelivery.objects.update(handed_at=timezone.now() - HOUR)
    assert DELIVERIES.requeue_forgotten() == 1
    assert due() == [delivery]


def test_one_webhooks_backlog_leaves_room_for_the_others(hook, new_webhook, deployment):
    for _ in range(AT_ONCE_EACH + 5):
        told(deployment)
    other = new_webhook(operator=Operator.objects.create(name="Other"))
    emit(other.webhook.operator_id, None, EventType.BUDGET_ALERTED, {})
    taken = DELIVERIES.take(200)
    assert [one.webhook for one in taken] == [hook.webhook] * AT_ONCE_EACH + [other.webhook]
    for one in taken:
        handed(one)
    assert DELIVERIES.take(200) == []
    WebhookDelivery.objects.filter(pk=taken[0].pk).update(done_at=timezone.now())
    assert len(DELIVERIES.take(200)) == 1


def test_one_that_fails_gets_less_room_until_it_is_well(receiver, hook, deployment):
    receiver.answers = [Reply(500)]
    attempt(told(deployment))
    for _ in range(AT_ONCE_EACH + 1):
        told(deployment)
    taken = DELIVERIES.take(200)
    assert len(taken) == AT_ONCE_FAILING
    attempt(taken[0])
    assert len(DELIVERIES.take(200)) == AT_ONCE_EACH


def test_deliveries_have_a_queue_of_their_own(delivery, clean_queue):
    assert DELIVERIES.hand_over() == 1
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("sending", 1)
    assert [queued(name) for name in ("webhooks", "celery")] == [1, 0]
    assert DELIVERIES.hand_over() == 0


def test_without_the_master_key_it_waits_and_says_why(receiver, hook, delivery, settings):
    settings.MASTER_KEYS = ["another" * 10]
    attempt(delivery)
    assert delivery.status == "retrying"
    assert "signing secret" in delivery.error
    assert not receiver.received


def test_what_failed_is_sent_anew_with_its_id_and_counts_afresh(receiver, hook, delivery):
    receiver.answers = [Reply(410)]
    attempt(delivery)
    enable(hook.webhook, actor=ACTOR)
    assert replay(delivery, actor=ACTOR) is True
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("waiting", 0)
    assert replay(delivery, actor=ACTOR) is False
    attempt(delivery)
    assert delivery.status == "delivered"
    assert receiver.received[0].id == receiver.received[1].id
    assert delivery.tries.count() == 2
    entry = Entry.objects.get(name="webhook.replayed")
    assert (entry.detail["what"], entry.detail["deliveries"]) == (delivery.message_id, 1)


def test_what_arrived_can_be_sent_anew_too(receiver, delivery):
    attempt(delivery)
    assert replay(delivery, actor=ACTOR) is True
    attempt(delivery)
    assert len(receiver.received) == 2


def test_all_that_failed_since_a_time_is_sent_anew(receiver, hook, deployment):
    made = [told(deployment, number=number) for number in range(4)]
    WebhookDelivery.objects.filter(pk__in=[one.pk for one in made[:3]]).update(dead_at=timezone.now())
    WebhookDelivery.objects.filter(pk=made[0].pk).update(occurred_at=timezone.now() - 5 * HOUR)
    assert replay_failed(hook.webhook, timezone.now() - HOUR, actor=ACTOR) == 2
    assert due() == [made[3], made[1], made[2]]
    assert replay_failed(hook.webhook, timezone.now() - HOUR, actor=ACTOR) == 0
    assert Entry.objects.filter(name="webhook.replayed").count() == 1


def test_what_is_older_than_thirty_days_is_purged_whatever_became_of_it(receiver, hook, deployment):
    old, pending, young = told(deployment), told(deployment), told(deployment)
    attempt(old)
    long_ago = timezone.now() - KEPT - HOUR
    WebhookDelivery.objects.filter(pk__in=[old.pk, pending.pk]).update(created_at=long_ago)
    assert purge() == 2
    assert list(WebhookDelivery.objects.all()) == [young]
    assert Entry.objects.get(name="retention.applied").detail == {"removed": 2}
    assert purge() == 0


def test_a_test_event_goes_to_this_webhook_alone_and_one_at_a_time(receiver, new_webhook):
    hook, other = new_webhook(types=["turn.flagged"]), new_webhook()
    made = send_test(hook.webhook, actor=ACTOR)
    assert send_test(hook.webhook, actor=ACTOR) == made
    attempt(made)
    assert receiver.received[0].verified(hook.secret)["type"] == "webhook.test"
    assert not WebhookDelivery.objects.filter(webhook=other.webhook).exists()
    assert send_test(hook.webhook, actor=ACTOR) != made
