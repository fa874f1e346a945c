"""A long queue is read by its index, in its order: neither a claim nor the list sorts or reads the whole table."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.cases.claiming import claim_next
from audit.cases.exposure import profile_of
from tests.audit.cases.cases_help import deployment, reviewer

MANY = 4000
_FILL = """
INSERT INTO conversations_conversation (id, deployment_id, user_ref)
SELECT gen_random_uuid(), %(deployment)s, '' FROM generate_series(1, %(many)s);
INSERT INTO audit_cases_case (id, conversation_id, queue, mandatory, severity, reason, status, stage, opened_at, due_at,
    verdict, verdict_rule, verdict_note, operator_note, ended_conversation)
SELECT gen_random_uuid(), id, (ARRAY['harm', 'people', 'model', 'quality'])[1 + n %% 4], n %% 20 = 0,
    (ARRAY[0.7, 0.8, 0.9])[1 + n %% 3], 'x', 'open', CASE WHEN n %% 50 = 0 THEN 'steward' ELSE 'first' END,
    now() - n * interval '1 minute', now() + n * interval '1 minute', '', '', '', '', false
FROM (SELECT id, row_number() OVER () AS n FROM conversations_conversation) AS made
"""


@pytest.fixture
def queue(db, settings) -> None:
    settings.CASE_GOLDEN_EVERY = 0
    app = deployment()
    with connection.cursor() as cursor:
        for statement in _FILL.split(";\n"):
            cursor.execute(statement, {"deployment": app.pk, "many": MANY})
        cursor.execute("ANALYZE")


def plan(queries: CaptureQueriesContext, marked: str) -> str:
    """How the database goes about the one statement in which that stands."""
    (statement,) = [one["sql"] for one in queries if re.search(marked, one["sql"])]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement.replace("%", "%%"), ())
        return "\n".join(row[0] for row in cursor.fetchall())


def by_index(plan: str) -> bool:
    return "using case_in_order" in plan and "Sort" not in plan and "Seq Scan on audit_cases_case" not in plan


@pytest.mark.parametrize("queues", [None, ["people"], ["people", "model", "appeals"]])
@pytest.mark.parametrize("steward", [False, True])
def test_a_claim_reads_the_queue_in_its_order(queue, queues, steward):
    who = reviewer(is_steward=steward)
    profile = profile_of(who)
    if queues is not None:
        profile.queues = queues
        profile.save()
    with CaptureQueriesContext(connection) as queries:
        assert claim_next(who)
    found = plan(queries, r"audit_cases_case.* SKIP LOCKED")
    assert by_index(found), found


def test_a_claim_of_whoever_had_enough_does_so_too(queue):
    who = reviewer()
    profile = profile_of(who)
    profile.grave_a_day = 0
    profile.save()
    with CaptureQueriesContext(connection) as queries:
        claimed = claim_next(who)
    assert claimed
    assert not claimed.case.is_grave
    found = plan(queries, r"audit_cases_case.* SKIP LOCKED")
    assert by_index(found), found


@pytest.mark.parametrize("query", ["", "?queue=people", "?severity=grave"])
def test_the_list_reads_the_queue_in_its_order(queue, query):
    client = Client()
    client.force_login(reviewer())
    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"/cases/{query}")
    assert len(page.context["cases"]) == 50
    found = plan(queries, r"FROM .audit_cases_case.*ORDER BY .*mandatory. DESC.* LIMIT 51")
    assert by_index(found), found


def test_a_page_further_down_goes_on_in_that_order(queue):
    client = Client()
    client.force_login(reviewer())
    first = client.get("/cases/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/cases/", {"after": first.context["next"]})
    found = plan(queries, r"FROM .audit_cases_case.*ORDER BY .*mandatory. DESC.* LIMIT 51")
    assert by_index(found), found
