"""Which events there are, and for whom: one for each cause that was committed, and none for any that was not."""

import anthropic
import pytest
from django.db import connection, transaction

from conversations.models import Conversation, Turn
from operators.models import Account, Deployment, EventType, Operator, Webhook, WebhookDelivery
from operators.publishing import publish, roll_back
from operators.webhooks import emit
from operators.webhooks.endpoints import create_webhook, disable, remove
from operators.webhooks.events import emission
from tests.operators.webhooks.conftest import ACTOR

RISK = "I want to kill myself tonight"


def hook(operator: Operator, types: list[str] | None = None, **more) -> Webhook:
    url = "https://hooks.example/in"
    return create_webhook(operator, url=url, types=types or EventType.values, actor=ACTOR, **more)[0]


def ask(web: str, key: str, messages: list[dict[str, str]]) -> str:
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0, timeout=30) as client:
        return client.messages.create(model="default", max_tokens=50, messages=messages).content[0].text


def heard(webhook: Webhook | None = None) -> list[str]:
    found = WebhookDelivery.objects.order_by("id")
    return list((found.filter(webhook=webhook) if webhook else found).values_list("type", flat=True))


def test_an_event_exists_exactly_if_its_cause_does(deployment):
    hook(deployment.operator)
    with transaction.atomic():
        emit(deployment.operator_id, deployment.pk, EventType.BUDGET_EXHAUSTED, {"a": 1})
        transaction.set_rollback(True)
    assert heard() == []
    with transaction.atomic():
        emit(deployment.operator_id, deployment.pk, EventType.BUDGET_EXHAUSTED, {"a": 1})
    assert heard() == ["budget.exhausted"]


def test_each_hears_what_it_asked_for_of_its_own_operator(deployment):
    other = Deployment.objects.create(operator=Operator.objects.create(name="Other"), name="App")
    budgets, published = hook(deployment.operator, ["budget.alerted"]), hook(deployment.operator, ["turn.flagged"])
    theirs, off = hook(other.operator), hook(deployment.operator)
    disable(off, actor=ACTOR)
    emit(deployment.operator_id, deployment.pk, EventType.BUDGET_ALERTED, {})
    assert [heard(one) for one in (budgets, published, theirs, off)] == [["budget.alerted"], [], [], []]


def test_one_narrowed_to_deployments_hears_of_these_and_of_the_whole_operator(deployment):
    other = Deployment.objects.create(operator=deployment.operator, name="Other")
    narrow = hook(deployment.operator, deployment_ids=[str(other.pk)])
    emit(deployment.operator_id, deployment.pk, EventType.BUDGET_ALERTED, {})
    assert heard(narrow) == []
    emit(deployment.operator_id, other.pk, EventType.BUDGET_ALERTED, {})
    emit(deployment.operator_id, None, EventType.BUDGET_EXHAUSTED, {})
    assert heard(narrow) == ["budget.alerted", "budget.exhausted"]
    other.delete()
    emit(deployment.operator_id, deployment.pk, EventType.BUDGET_ALERTED, {})
    assert len(heard(narrow)) == 2


def test_the_same_event_has_the_same_id_at_each_webhook(deployment):
    hook(deployment.operator)
    hook(deployment.operator)
    emit(deployment.operator_id, deployment.pk, EventType.BUDGET_ALERTED, {})
    emit(deployment.operator_id, deployment.pk, EventType.BUDGET_ALERTED, {})
    ids = list(WebhookDelivery.objects.values_list("event_id", flat=True))
    assert (len(ids), len(set(ids))) == (4, 2)


def test_there_are_no_other_types(deployment):
    with pytest.raises(ValueError, match=r"turn\.invented"):
        emission(deployment.operator_id, deployment.pk, "turn.invented", {})


def test_published_and_rolled_back_configurations_are_told(deployment):
    publish(deployment, {}, by=None)
    webhook = hook(deployment.operator)
    second = publish(deployment, {"instructions": "Be brief."}, by=None, note="not for the post")
    person = Account.objects.create_user("p@example.com", "pw")
    roll_back(deployment, deployment.configurations.get(number=1), by=person)
    first, back = WebhookDelivery.objects.filter(webhook=webhook).order_by("id")
    assert first.type == back.type == "configuration.published"
    assert first.data == {
        "deployment_id": str(deployment.pk),
        "configuration_id": str(second.pk),
        "number": 2,
        "replaces": 1,
        "rolled_back": False,
        "digest": second.digest,
        "charter_version": second.charter_version,
    }
    assert (back.data["number"], back.data["rolled_back"]) == (3, True)


def test_a_publication_that_is_rolled_back_by_the_database_is_not_told(deployment):
    hook(deployment.operator)
    with transaction.atomic():
        publish(deployment, {}, by=None)
        transaction.set_rollback(True)
    assert heard() == []


def test_a_flagged_turn_is_told_once_without_a_word_of_what_was_said(web, new_key):
    deployment, key = new_key()
    webhook = hook(deployment.operator)
    ask(web, key, [{"role": "user", "content": "What is a monad?"}])
    assert heard() == []
    ask(web, key, [{"role": "user", "content": RISK}])
    delivery = WebhookDelivery.objects.get()
    turn = Turn.objects.get(flagged=True)
    assert (delivery.webhook, delivery.type) == (webhook, "turn.flagged")
    assert delivery.deployment_id == deployment.pk
    assert delivery.data["turn_id"] == str(turn.pk)
    assert delivery.data["conversation_id"] == str(turn.conversation_id)
    assert (delivery.data["outcome"], delivery.data["tier"]) == (turn.outcome, turn.tier)
    assert delivery.data["reason"]
    assert any(flag.startswith("risk.") for flag in delivery.data["flags"])
    assert "tonight" not in str(delivery.data)


def test_where_nobody_listens_flagged_turns_are_recorded_all_the_same(web, new_key):
    deployment, key = new_key()
    ask(web, key, [{"role": "user", "content": RISK}])
    removed = hook(deployment.operator)
    remove(removed, actor=ACTOR)
    ask(web, key, [{"role": "user", "content": RISK}])
    assert Turn.objects.filter(flagged=True).count() == 2
    assert heard() == []


def test_a_conversation_is_ended_once(web, new_key):
    deployment, key = new_key()
    hook(deployment.operator, ["conversation.ended"])
    messages: list[dict[str, str]] = []
    for _ in range(6):
        messages.append({"role": "user", "content": "You are a worthless piece of shit, you stupid fucking idiot"})
        messages.append({"role": "assistant", "content": ask(web, key, messages)})
    ended = list(Turn.objects.filter(outcome="end").order_by("number"))
    assert len(ended) >= 2
    assert heard() == ["conversation.ended"]
    delivery = WebhookDelivery.objects.get()
    assert delivery.data["turn_id"] == str(ended[0].pk)
    assert delivery.data["conversation_id"] == str(Conversation.objects.get().pk)
    assert delivery.data["outcome"] == "end"
    assert delivery.data["reason"]


@pytest.mark.django_db(transaction=True)
def test_a_turn_that_is_not_recorded_is_not_told(web, new_key):
    deployment, key = new_key()
    hook(deployment.operator)
    with connection.cursor() as cursor:
        # The entry is written after the deliveries, in the same statement.
        cursor.execute(
            "ALTER TABLE audit_log_entry ADD CONSTRAINT none_for_now CHECK (name <> 'turn.recorded') NOT VALID"
        )
        try:
            with pytest.raises(anthropic.APIStatusError):
                ask(web, key, [{"role": "user", "content": RISK}])
        finally:
            cursor.execute("ALTER TABLE audit_log_entry DROP CONSTRAINT none_for_now")
    assert heard() == []
    assert not Turn.objects.exists()
