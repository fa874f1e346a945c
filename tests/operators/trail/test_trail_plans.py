"""A trail reads by index, however many entries there are: no page may walk over all turns."""

from uuid import uuid4

import pytest
from django.db import connection

from operators.models import Operator
from operators.trail.finding import Wanted, _filtered, _of

pytestmark = pytest.mark.django_db


# Nine in ten are turns, as in life; of the others each operator, subject and actor has a few.
MANY = """
INSERT INTO audit_log_entry (id, name, actor_type, actor_id, subject_type, subject_id, at, detail)
SELECT gen_random_uuid(),
       CASE WHEN n % 10 > 0 THEN 'turn.recorded' WHEN n % 20 = 0 THEN 'key.created' ELSE 'case.opened' END,
       CASE WHEN n % 10 > 0 THEN 'key' ELSE 'account' END, (n % 200)::text,
       CASE WHEN n % 10 > 0 THEN 'turn' WHEN n % 20 = 0 THEN 'key' ELSE 'case' END, n::text, now(),
       jsonb_build_object('operator', (n % 300)::text)
FROM generate_series(1, 6000) AS n
"""


@pytest.fixture(autouse=True)
def many(db: None) -> None:
    """Of an empty table the planner takes any index: it must know what there is, and may not sort a handful."""
    with connection.cursor() as cursor:
        cursor.execute(MANY)
        cursor.execute("ANALYZE audit_log_entry")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(), "audit_log_entry_whose"),
        (Wanted(subject=("key", "x")), "audit_log_entry_subject"),
    ],
)
def test_an_operators_trail(wanted, index):
    operator = Operator(pk=uuid4())
    own = _filtered(_of(operator, turns=wanted.subject is not None)[0], wanted, uuid4())
    assert index in own[:51].explain()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(), "audit_log_entry_pkey"),
        (Wanted(kind="key"), "audit_log_entry_kind"),
        (Wanted(name="key.created"), "audit_log_entry_name"),
        (Wanted(subject=("key", "x")), "audit_log_entry_subject"),
        (Wanted(actor=("account", "x")), "audit_log_entry_actor"),
    ],
)
def test_the_whole_log(wanted, index):
    (everything,) = _of(None, turns=True)
    assert index in _filtered(everything, wanted, uuid4())[:51].explain()
