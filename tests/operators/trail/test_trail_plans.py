"""A trail reads by index, however many entries there are: no page may walk over all turns."""

from uuid import uuid4

import pytest
from django.db import connection

from operators.models import Operator
from operators.trail.finding import Wanted, _filtered, _of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_if_large(db: None) -> None:
    """On an empty table the planner would read it whole or sort a handful: neither is what it does on millions."""
    with connection.cursor() as cursor:
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
