"""Lists of conversations: narrowed, found by an id, in pages by keyset, by an index."""

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.log.writer import new_id
from conversations.models import Conversation, Turn
from conversations.models.marks import OF_OUTCOME, OF_TIER, Mark
from conversations.pages.listing import PAGE
from operators.keys import create_key
from operators.models import Deployment, Operator
from tests.conversations.records import ask, body
from tests.conversations.turns import DAY, DECISION, NOTHING, turn
from tests.support.people import signed_in


@pytest.fixture
def deployment(db) -> Deployment:
    return Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")


@pytest.fixture
def analyst(deployment):
    return signed_in(deployment.operator, "analyst")


def conversation(deployment: Deployment, **fields) -> str:
    return str(Conversation.objects.create(id=new_id(), deployment=deployment, **fields).pk)


def listed(client, deployment: Deployment, query: str = "") -> list[str]:
    """The ids on the page, in its order."""
    text = client.get(reverse("conversations", args=[deployment.pk]) + query).text
    return list(dict.fromkeys(re.findall(r"/conversations/([0-9a-f-]{36})/", text)))


def test_it_is_narrowed_by_each_thing(deployment, analyst):
    now = datetime.now(UTC)
    plain = conversation(deployment, marks=Mark.ANSWER | Mark.TIER_4)
    others = {
        "?user=anna%20b": conversation(deployment, user_ref="anna b"),
        "?outcome=redirect": conversation(deployment, marks=Mark.REDIRECT),
        "?outcome=end": conversation(deployment, marks=Mark.END),
        "?tier=1": conversation(deployment, marks=Mark.TIER_1),
        "?marked=flagged": conversation(deployment, flagged=True),
        "?marked=ended": conversation(deployment, ended_at=now),
        "?marked=failed": conversation(deployment, marks=Mark.FAILED),
        "?marked=batch": conversation(deployment, marks=Mark.BATCH),
    }
    deleted = conversation(deployment, deleted_at=now)
    for query, expected in others.items():
        assert listed(analyst, deployment, query) == [expected], query
    assert listed(analyst, deployment, "?outcome=answer&tier=4") == [plain]
    assert listed(analyst, deployment, "?marked=deleted") == [deleted]
    assert listed(analyst, deployment, "?marked=flagged&outcome=redirect") == []
    assert listed(analyst, deployment) == [*reversed(others.values()), plain]


def test_days_are_from_and_to_with_the_last_included(deployment, analyst):
    for day in (1, 2, 3):
        at = datetime(2027, 3, day, 12, tzinfo=UTC)
        identity = UUID(int=(round(at.timestamp() * 1000) << 80) | 7 << 76 | 2 << 62)
        Conversation.objects.create(id=identity, deployment=deployment, created_at=at)
    assert len(listed(analyst, deployment, "?since=2027-03-02")) == 2
    assert len(listed(analyst, deployment, "?until=2027-03-02")) == 2
    assert len(listed(analyst, deployment, "?since=2027-03-02&until=2027-03-02")) == 1


def test_what_cannot_be_is_told_beside_its_field_and_nothing_is_listed(deployment, analyst):
    conversation(deployment)
    for query in ("?outcome=x", "?tier=7", "?since=x", "?until=0001-01-01", "?marked=x", "?user=%00", "?id=%00"):
        response = analyst.get(reverse("conversations", args=[deployment.pk]) + query)
        assert (response.status_code, 'role="alert"' in response.text) == (200, True), query
        assert "Nothing is listed" in response.text
    for query in ("?after=x", "?before=%00", "?after=00000000", "?deployment=x"):
        assert analyst.get(reverse("conversations", args=[deployment.pk]) + query).status_code == 200


def test_pages_go_on_and_back_and_keep_the_filter(deployment, analyst):
    made = [conversation(deployment, marks=Mark.REDIRECT) for _ in range(2 * PAGE + 1)][::-1]
    for _ in range(3):
        conversation(deployment)
    path = reverse("conversations", args=[deployment.pk])
    seen, query = [], "?outcome=redirect"
    while query:
        text = analyst.get(path + query).text
        seen.append(re.findall(r"/conversations/([0-9a-f-]{36})/", text))
        query = "".join(re.findall(r'href="(\?[^"]*)" rel="next"', text)).replace("&amp;", "&")
    assert [len(page) for page in seen] == [PAGE, PAGE, 1]
    assert [one for page in seen for one in page] == made
    back = analyst.get(path + f"?outcome=redirect&before={made[-1]}").text
    assert re.findall(r"/conversations/([0-9a-f-]{36})/", back) == made[PAGE : 2 * PAGE]
    assert 'rel="prev"' in back


@pytest.mark.parametrize("where", ["conversation", "turn", "request"])
def test_an_id_leads_to_what_has_it(deployment, analyst, where):
    key, _ = create_key(deployment, "test", by=None)
    turn(deployment, key, DAY, decision=DECISION, content=NOTHING, request_id="req_0123456789abcdef01234567")
    made = Turn.objects.get()
    text = {"conversation": made.conversation_id, "turn": made.pk, "request": made.request_id}[where]
    response = analyst.get(reverse("conversations", args=[deployment.pk]), {"id": f" {text} "}, follow=True)
    steps = [to for to, _ in response.redirect_chain]
    assert steps[-1].startswith(reverse("conversation", args=[deployment.pk, made.conversation_id]))
    assert (f"#turn-{made.pk}" in steps[-1]) == (where != "conversation")
    stranger = Deployment.objects.create(operator=deployment.operator, name="Other")
    there = analyst.get(reverse("conversations", args=[stranger.pk]), {"id": str(text)})
    assert "Nothing of this deployment has this id." in there.text


def test_another_deployment_of_the_operator_is_chosen_with_the_same_filter(deployment, analyst):
    other = Deployment.objects.create(operator=deployment.operator, name="Other")
    foreign = Deployment.objects.create(operator=Operator.objects.create(name="Else"), name="Foreign")
    path = reverse("conversations", args=[deployment.pk])
    assert "Foreign" not in analyst.get(path).text
    moved = analyst.get(path, {"deployment": str(other.pk), "outcome": "redirect", "user": ""})
    assert moved["location"] == reverse("conversations", args=[other.pk]) + "?outcome=redirect"
    assert analyst.get(path, {"deployment": str(foreign.pk)}).status_code == 404


NARROW = {
    "": "conversation_in_order",
    "?user=anna": "conversation_of_user",
    "?marked=flagged": "conversation_flagged",
    "?marked=ended": "conversation_ended",
    "?marked=deleted": "conversation_deleted",
    "?marked=failed": "conversation_failed",
    "?marked=batch": "conversation_batch",
    **{f"?outcome={outcome}": f"conversation_{outcome}" for outcome in OF_OUTCOME if outcome != "answer"},
    **{f"?tier={tier}": f"conversation_tier_{tier}" for tier in OF_TIER if tier != 4},
    "?outcome=answer": "conversation_in_order",
    "?since=2027-01-01&until=2027-01-02": "Index Cond: ((",  # days bound the ids, of whichever index
}


@pytest.fixture
def many(deployment) -> None:
    """Enough that PostgreSQL has a choice to make: one in a hundred is marked in each way, others' beside them."""
    others = [Deployment.objects.create(operator=deployment.operator, name=name) for name in ("A", "B", "C")]
    with connection.cursor() as cursor:
        for place, one in enumerate([deployment, *others]):
            cursor.execute(
                """
                INSERT INTO conversations_conversation
                    (id, deployment_id, user_ref, marks, flagged, ended_at, deleted_at)
                SELECT ('0193' || lpad(to_hex(n), 8, '0') || '7000800000000000000' || %s)::uuid, %s,
                       'user ' || n %% 500, CASE WHEN n %% 100 = 0 THEN 1023 ELSE 768 END, n %% 100 = 0,
                       CASE WHEN n %% 100 = 0 THEN now() END, CASE WHEN n %% 100 = 1 THEN now() END
                FROM generate_series(1, 10000) n
                """,
                [str(place), one.pk],
            )
        cursor.execute("ANALYZE conversations_conversation")


def test_every_list_is_read_by_an_index_and_never_counted(deployment, many, analyst):
    path = reverse("conversations", args=[deployment.pk])
    for query, index in NARROW.items():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            analyst.get(path + query)
        assert len(queries) < 14
        assert not any("count(" in one["sql"].lower() for one in queries.captured_queries)
        (sql,) = [one["sql"] for one in queries.captured_queries if "SELECT c.*" in one["sql"]]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert index in plan, (query, plan)
        assert "Seq Scan" not in plan
        # One user's conversations are few enough to be sorted.
        assert "Sort" not in plan or "user" in query


def test_the_api_is_narrowed_the_same_way(api, model):
    answered = ask(api, "hello")["conversation"]
    api.post("/v1/messages", json=body("[[status:400]]"))
    failed = str(Conversation.objects.exclude(pk=answered).get().pk)

    def ids(**query: str) -> list[str]:
        return [one["id"] for one in api.get("/v1/conversations", params=query).json()["data"]]

    assert ids(failed="true") == [failed]
    assert ids(failed="false") == [answered]
    assert ids(tier="4") == [failed, answered]
    assert ids(tier="1") == ids(batch="true") == []
    assert api.get("/v1/conversations", params={"tier": "5"}).status_code == 400
