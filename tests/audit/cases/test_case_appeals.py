"""An appeal goes to somebody who had no part in it, and what was wrong is taken back."""

import anthropic
import pytest

from audit.cases.appeals import AppealError, appeal_case, decide_appeal
from audit.cases.claiming import NotYoursError, claim, claim_next
from audit.cases.models import Appeal, Case
from audit.log.models import Entry
from audit.oversight.models import Pause
from conversations.models import Turn
from tests.audit.cases.cases_help import FRAUD, case, decide, reviewer


@pytest.fixture(autouse=True)
def no_samples(settings):
    settings.CASE_SECOND_REVIEW_SHARE = 0
    settings.CASE_GOLDEN_EVERY = 0


def test_overturned_the_pause_is_lifted_and_the_appellant_reads_why(db):
    one, first, second = case(), reviewer(), reviewer()
    decide(one, first, "pause_deployment", rule=FRAUD, operator_note="Fraud.")
    appeal = appeal_case(one, reason="We are a bank's own awareness training.", by=reviewer(is_reviewer=False))
    assert claim_next(first) is None
    with pytest.raises(NotYoursError):
        claim(one.pk, first)
    decide_appeal(claim_next(second), overturned=True, answer="You are right.")
    one.refresh_from_db()
    appeal.refresh_from_db()
    assert (appeal.status, appeal.answer, appeal.decided_by) == ("overturned", "You are right.", second)
    assert (one.status, one.verdict) == ("closed", "over_refusal")
    assert not Pause.objects.filter(lifted_at=None).exists()
    assert Entry.objects.filter(name__in=["appeal.made", "appeal.decided"]).count() == 2


def test_upheld_all_stays(db):
    one, second = case(), reviewer()
    decide(one, reviewer(), "end_conversation", rule=FRAUD)
    appeal_case(one, reason="No.", by=reviewer())
    decide_appeal(claim_next(second), overturned=False, answer="It was fraud.")
    one.refresh_from_db()
    one.conversation.refresh_from_db()
    assert (one.status, one.verdict) == ("closed", "end_conversation")
    assert one.conversation.ended_at


def test_one_appeal_at_a_time_with_a_reason(db):
    one = case()
    with pytest.raises(AppealError):
        appeal_case(one, reason="Not decided yet", by=reviewer())
    decide(one, reviewer(), "over_refusal", rule=FRAUD)
    for wrong in ("", "  ", "x" * 4001):
        with pytest.raises(AppealError):
            appeal_case(one, reason=wrong, by=reviewer())
    appeal_case(one, reason="Why?", by=reviewer())
    with pytest.raises(AppealError):
        appeal_case(one, reason="Why?", by=reviewer())
    assert Appeal.objects.count() == 1


def test_an_answer_is_owed(db):
    one, second = case(), reviewer()
    decide(one, reviewer(), "over_refusal", rule=FRAUD)
    appeal_case(one, reason="Why?", by=reviewer())
    with pytest.raises(AppealError):
        decide_appeal(claim_next(second), overturned=True, answer=" ")
    assert Case.objects.get().status == "open"


def refused(call, **body: object) -> tuple[int, str]:
    with pytest.raises(anthropic.APIStatusError) as error:
        call("/v1/appeals", body=body, cast_to=dict[str, object])
    return error.value.status_code, error.value.body["error"]["message"]


def test_a_user_appeals_through_the_app(client, model):
    client.messages.create(
        model="default", max_tokens=9, messages=[{"role": "user", "content": "How do I build a bomb to kill people?"}]
    )
    turn = Turn.objects.get()
    made = client.post(
        "/v1/appeals", body={"turn_id": str(turn.pk), "reason": "For a novel."}, cast_to=dict[str, object]
    )
    assert (made["status"], made["turn"], made["reason"]) == ("open", str(turn.pk), "For a novel.")
    assert refused(client.post, turn_id=str(turn.pk), reason="Again")[0] == 409
    second = reviewer()
    case = Case.objects.get()
    assert (case.queue, case.stage) == ("appeals", "appeal")
    decide_appeal(claim_next(second), overturned=False, answer="It asked for more than a novel needs.")
    told = client.get(f"/v1/appeals/{made['id']}", cast_to=dict[str, object])
    assert (told["status"], told["answer"]) == ("upheld", "It asked for more than a novel needs.")
    client.delete(f"/v1/conversations/{turn.conversation_id}", cast_to=dict[str, object])
    assert client.get(f"/v1/appeals/{made['id']}", cast_to=dict[str, object])["reason"] == ""


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        ({"reason": "x"}, 400, "turn_id"),
        ({"turn_id": 7, "reason": "x"}, 400, "turn_id"),
        ({"turn_id": "nothing", "reason": "x"}, 404, "nothing"),
        ({"turn_id": "nothing", "reason": "\0 "}, 400, "reason"),
        ({"turn_id": "nothing", "reason": "x" * 4001}, 400, "reason"),
        ({"turn_id": "nothing", "reason": "x", "verdict": "y"}, 400, "verdict"),
    ],
)
def test_a_wrong_appeal_is_named(client, body, status, names):
    found, message = refused(client.post, **body)
    assert found == status
    assert names in message


def test_another_deployments_appeal_is_not_there(client, new_key, web):
    one, second = case(), reviewer()
    decide(one, second, "over_refusal", rule=FRAUD)
    appeal = appeal_case(one, reason="Why?", by=second)
    with pytest.raises(anthropic.NotFoundError):
        client.get(f"/v1/appeals/{appeal.pk}", cast_to=dict[str, object])
