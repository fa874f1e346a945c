"""A replay's pages: started for the draft, followed, filtered, and led back to the transcript."""

import pytest
from django.urls import reverse

from conversations.models import Replay, ReplayedTurn, Turn
from conversations.redeciding.replays import cancel, start
from conversations.redeciding.working import work_on
from operators.models import Deployment, Operator
from operators.publishing import save_draft
from tests.support.people import signed_in

CHOICE = {"size": "50", "days": "7"}


@pytest.fixture
def deployment(coding_client) -> Deployment:
    for text in ("How do I reverse a list in Python?", "Give me a recipe for <b>lasagne</b>"):
        coding_client.messages.create(model="default", max_tokens=9, messages=[{"role": "user", "content": text}])
    found = Deployment.objects.get()
    save_draft(found, {})
    return found


def listing(deployment: Deployment) -> str:
    return reverse("replays", args=[deployment.pk])


def one(replay: Replay, query: str = "") -> str:
    return reverse("replay", args=[replay.deployment_id, replay.pk]) + query


def test_it_is_started_followed_and_read(deployment):
    client = signed_in(deployment.operator, "developer")
    assert "None yet." in client.get(listing(deployment)).text
    told = client.post(listing(deployment), CHOICE)
    replay = Replay.objects.get()
    assert told.headers["Location"] == one(replay)
    running = client.get(one(replay)).text
    assert "waits for a worker" in running
    assert 'hx-trigger="every 1s"' in running
    work_on(replay.pk)
    part = client.get(one(replay), headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "hx-get" not in part
    assert "2 of 2 turns decided again" in part
    assert "Give me a recipe for &lt;b&gt;lasagne&lt;/b&gt;" in part
    changed = ReplayedTurn.objects.get()
    transcript = reverse("conversation", args=[deployment.pk, changed.turn.conversation_id])
    assert f"{transcript}#turn-{changed.turn_id}" in part
    assert changed.before["reason"] in part
    assert f'id="turn-{changed.turn_id}"' in client.get(transcript).text
    assert "1 turn would have come out otherwise" in client.get(listing(deployment)).text


def test_what_is_listed_can_be_chosen(deployment):
    replay = start(deployment, size=50, days=7, by=None)
    work_on(replay.pk)
    client = signed_in(deployment.operator, "analyst")
    for query, listed in {
        "?change=outcome": 1,
        "?change=all&became=answer": 1,
        "?became=end": 0,
        "?change=directives": 0,
        "?change=strange&became=%00&after=x": 1,
        "?after=99999999999999999999": 1,
    }.items():
        assert client.get(one(replay, query)).text.count('class="panel change"') == listed, query


def test_a_replay_of_an_older_draft_says_so(deployment):
    replay = start(deployment, size=50, days=7, by=None)
    work_on(replay.pk)
    client = signed_in(deployment.operator, "developer")
    assert "has changed since" not in client.get(one(replay)).text
    save_draft(deployment, {"persona": {"name": "Bo"}})
    assert "has changed since" in client.get(one(replay)).text


def test_a_running_one_is_canceled_and_stands_in_the_way_of_another(deployment):
    client = signed_in(deployment.operator, "developer")
    client.post(listing(deployment), CHOICE)
    assert "A replay is running." in client.post(listing(deployment), CHOICE).text
    replay = Replay.objects.get()
    told = client.post(reverse("replay-cancel", args=[deployment.pk, replay.pk]), follow=True)
    assert "Canceled." in told.text
    assert client.post(listing(deployment), CHOICE).status_code == 302


@pytest.mark.parametrize("sent", [{}, {"size": "7", "days": "7"}, {"size": "50", "days": "x"}, {"size": "\x00"}])
def test_what_cannot_be_is_said_beside_the_field(deployment, sent):
    told = signed_in(deployment.operator, "developer").post(listing(deployment), sent)
    assert 'class="error"' in told.text
    assert not Replay.objects.exists()


def test_a_draft_that_the_charter_refuses_is_not_replayed(deployment):
    Deployment.objects.update(draft={"scope": {"restrict": True}})
    told = signed_in(deployment.operator, "developer").post(listing(deployment), CHOICE)
    assert 'role="alert"' in told.text
    assert not Replay.objects.exists()


def test_what_was_erased_is_gone_from_the_list_too(deployment):
    replay = start(deployment, size=50, days=7, by=None)
    work_on(replay.pk)
    Turn.objects.filter(pk=replay.turns.get().turn_id).update(content=b"", gone="deleted", data_key=None)
    text = signed_in(deployment.operator, "analyst").get(one(replay)).text
    assert "lasagne" not in text
    assert "not kept any more" in text


def test_a_deployment_without_turns(new_key):
    app, _ = new_key()
    replay = start(app, size=50, days=7, by=None)
    work_on(replay.pk)
    assert "There is no turn in that time." in signed_in(app.operator, "analyst").get(one(replay)).text


def test_analysts_read_and_others_find_nothing(deployment):
    replay = start(deployment, size=50, days=7, by=None)
    analyst = signed_in(deployment.operator, "analyst")
    stranger = signed_in(Operator.objects.create(name="Other"), "owner")
    stop = reverse("replay-cancel", args=[deployment.pk, replay.pk])
    assert analyst.get(one(replay)).status_code == analyst.get(listing(deployment)).status_code == 200
    assert (analyst.post(stop).status_code, analyst.post(listing(deployment), CHOICE).status_code) == (403, 403)
    assert (stranger.get(one(replay)).status_code, stranger.post(stop).status_code) == (404, 404)
    other = Deployment.objects.create(operator=deployment.operator, name="Another")
    assert analyst.get(reverse("replay", args=[other.pk, replay.pk])).status_code == 404
    cancel(replay, by=None)
