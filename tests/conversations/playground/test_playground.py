"""The playground: a member takes an app's steps, by the draft or what is live, and is recorded as what they are."""

import anthropic
import pytest

from audit.log.models import Entry
from audit.oversight.models import Pause
from conversations.models import Conversation, Job, Trial, Turn, UsageHour
from operators.keys import create_key
from operators.models import Account, Key, Limits, Usage, WebhookDelivery
from operators.publishing import save_draft
from operators.webhooks.endpoints import create_webhook
from tests.conftest import CODING
from tests.support.waiting import until

BRIEF = {"instructions": "Answer in one word."}


@pytest.fixture
def deployment(new_key):
    made = new_key(CODING)[0]
    save_draft(made, BRIEF, by=None)
    return made


@pytest.fixture
def member(member_of, deployment, model):
    return member_of(deployment)


def names(events):
    return [name for name, _ in events]


def test_an_answer_streams_and_ends_with_the_recorded_trial(member):
    events = member.stream("How do I reverse a list in Python?")
    assert names(events)[0] == "begun"
    assert names(events)[-1] == "done"
    assert set(names(events)[1:-1]) <= {"text", "ping"}
    begun, done = events[0][1], events[-1][1]
    assert begun["outcome"] == "answer"
    turn = Turn.objects.select_related("trial").get(pk=begun["turn"])
    assert str(turn.conversation_id) == begun["conversation"]
    said = "".join(data["text"] for name, data in events if name == "text")
    assert turn.content["answer"][0]["text"] == said
    assert said.split()[0] in done["html"]
    assert 'class="ladder"' in done["html"]


def test_the_draft_answers_and_its_prompt_is_shown_to_the_letter(member, model):
    html = member.stream("Give me a good recipe for lasagne")[-1][1]["html"]
    sent = model.requests[-1].body["system"]
    assert any("Answer in one word." in block["text"] for block in sent)
    assert "Answer in one word." in html
    assert "differs from what was recorded" not in html
    turn = Turn.objects.select_related("trial").get()
    assert turn.configuration is None
    assert turn.conversation.shown_marks == ["redirect"] * (turn.outcome == "redirect")
    counted = UsageHour.objects.select_related("key").get()
    assert (counted.turns, counted.key.playground) == (1, True)
    assert (turn.trial.of_draft, turn.trial.settings) == (True, BRIEF)


def test_what_was_tried_stays_explained_after_the_draft_changed(member, deployment):
    conversation = member.stream("Hello there")[0][1]["conversation"]
    save_draft(deployment, {"instructions": "Sing."}, by=None)
    page = member.page(draft=conversation)
    assert "Answer in one word." in page
    assert "differs from what was recorded" not in page


def test_the_live_version_decides_by_its_own_settings(member):
    draft = member.stream("Give me a good recipe for lasagne", side="draft")
    live = member.stream("Give me a good recipe for lasagne", side="live")
    assert (draft[0][1]["outcome"], live[0][1]["outcome"]) == ("answer", "redirect")
    assert Turn.objects.get(pk=live[0][1]["turn"]).configuration.number == 1
    assert "our own words" in live[-1][1]["html"]


def test_a_conversation_goes_on_and_is_the_members_own(member, member_of, deployment, model):
    first = member.stream("My name is Ada")[0][1]
    second = member.stream("What is my name?", draft=first["conversation"])[0][1]
    assert second["conversation"] == first["conversation"]
    assert [message["role"] for message in model.requests[-1].body["messages"]] == ["user", "assistant", "user"]
    other = member_of(deployment).post("Go on", accept="text/event-stream", side="draft", draft=first["conversation"])
    assert other.status_code == 404
    assert "My name is Ada" not in member_of(deployment).page(draft=first["conversation"])


def test_without_a_script_both_sides_answer_before_the_page(member):
    page = member.post("Give me a good recipe for lasagne", compare="on")
    assert page.status_code == 302
    shown = member.client.get(page.headers["location"]).text
    assert shown.count("<p>Give me a good recipe for lasagne</p>") == 2
    assert shown.count('class="ladder"') == 2
    assert "outcome-redirect" in shown
    assert Trial.objects.count() == 2


def test_a_users_wishes_are_tried_and_what_is_not_granted_is_said(member):
    html = member.stream("Hello", **{"wish-crude_language": "on", "wish-explicit_content": "on"})[-1][1]["html"]
    turn = Turn.objects.get()
    assert turn.decision["effective"]["crude_language"] | {"id": ""} == {
        "id": "",
        "on": True,
        "origin": "user",
        "adjustable_by_user": True,
    }
    assert list(turn.decision["not_granted"]) == ["explicit_content"]
    assert "Not granted: Explicit sexual content" in html


def test_the_entry_names_the_member_and_the_conversation_is_marked(member, deployment):
    member.stream("Hello")
    turn = Turn.objects.select_related("trial", "conversation").get()
    entry = Entry.objects.get(name="turn.recorded")
    assert (entry.actor_type, entry.actor_id) == ("account", str(turn.trial.account_id))
    assert entry.detail["playground"] is True
    assert turn.conversation.playground
    assert Job.objects.filter(turn=turn).count() == 2
    listed = member.client.get(f"/deployments/{deployment.pk}/conversations/").text
    assert '<span class="tag">playground</span>' in listed


def test_its_key_counts_and_opens_nothing_and_is_in_no_list(member, deployment):
    member.stream("Hello")
    member.stream("Hello again")
    key = Key.everything.get(playground=True)
    assert key.scopes == []
    assert Usage.objects.get(key=key).turns == 2
    assert key not in deployment.keys.all()
    assert key.public_id not in member.client.get(f"/deployments/{deployment.pk}/keys/").text
    assert ">Playground</th>" in member.client.get(f"/deployments/{deployment.pk}/usage/?split=key").text
    assert Entry.objects.filter(name="key.created", subject_id=str(key.pk)).count() == 1


def test_no_app_finds_what_was_tried(member, deployment, web, new_key):
    tried = member.stream("Give me a good recipe for lasagne", side="live")[0][1]["conversation"]
    key = create_key(deployment, "app", by=None)[1]
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as app:
        asked = [{"role": "user", "content": "Give me a good recipe for lasagne"}]
        answer = app.messages.create(model="default", max_tokens=99, messages=asked)
        listed = app.get("/v1/conversations", cast_to=object)
    assert str(answer.plumbline["conversation"]) != tried
    assert [one["id"] for one in listed["data"]] == [answer.plumbline["conversation"]]
    assert Conversation.objects.get(pk=answer.plumbline["conversation"]).playground is False


@pytest.mark.parametrize(("role", "status"), [("analyst", 403), ("developer", 200), ("owner", 200)])
def test_who_may_change_may_try_and_who_may_read_may_look(member_of, deployment, model, role, status):
    member = member_of(deployment, role)
    assert "Playground" in member.page()
    assert member.post("Hello", accept="text/event-stream", side="draft").status_code == status


def test_a_post_without_a_token_is_refused(member):
    answer = member.client.post(f"{member.path}ask/", data={"say": "Hello"})
    assert answer.status_code == 403
    assert not Turn.objects.exists()


def test_a_models_failure_is_said_recorded_and_explained(member):
    events = member.stream("[[status:529]]")
    assert names(events)[-1] == "failed"
    assert Turn.objects.get().status == "upstream_error"
    assert "the model failed" in events[-1][1]["html"]


@pytest.mark.parametrize("message", ["", "   ", "x" * 20_001, "nul \0 inside"])
def test_what_cannot_be_asked_is_said_beside_the_field(member, message):
    streamed = member.post(message, accept="text/event-stream", side="draft")
    assert streamed.status_code == 400
    assert streamed.json()["message"]
    plain = member.post(message)
    assert plain.status_code == 400
    assert 'class="error"' in plain.text
    assert not Turn.objects.exists()


def test_a_pause_holds_here_too(member, deployment):
    steward = Account.objects.create_user("s@example.com", "pw", is_steward=True)
    Pause.objects.create(
        subject_type="deployment", subject_id=str(deployment.pk), reason="Looking into it", placed_by=steward
    )
    until(lambda: member.post("Hello", accept="text/event-stream", side="draft").status_code == 403)


def test_the_playground_has_a_limit_of_its_own(member, deployment):
    Limits.objects.create(deployment=deployment, set_by="operator", requests=2)
    answers = [member.post("Hello", accept="text/event-stream", side="draft") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert "limit" in answers[-1].json()["message"]


def test_a_draft_that_the_charter_no_longer_allows_is_not_tried(member, deployment):
    type(deployment).objects.filter(pk=deployment.pk).update(draft={"behaviours": {"gone": {"state": "on"}}})
    assert member.post("Hello", accept="text/event-stream", side="draft").status_code == 400
    assert "is not a behaviour of the charter" in member.page()


def test_a_webhook_is_told_that_it_was_the_playground(member, deployment):
    create_webhook(
        deployment.operator,
        url="https://a.example/",
        types=["turn.flagged"],
        description="",
        actor=("platform", "test"),
    )
    member.stream("I want to kill myself tonight")
    assert WebhookDelivery.objects.get().data["playground"] is True


def test_who_hangs_up_leaves_a_recorded_trial(member):
    data = {"csrfmiddlewaretoken": member.token(), "say": "Wait [[stall-mid:3]]", "side": "draft"}
    headers = {"accept": "text/event-stream"}
    with member.client.stream("POST", f"{member.path}ask/", data=data, headers=headers) as answer:
        next(answer.iter_bytes())
    until(lambda: Turn.objects.filter(status="hung_up", trial__isnull=False).exists())
