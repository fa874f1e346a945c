"""Pages ask the database as often for thirty rows as for three."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from operators.keys import create_key, rotate_key
from operators.models import Deployment
from operators.publishing import publish


def queries(client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def deployments(app: Deployment, rows: int) -> None:
    for number in range(rows):
        made = app.operator.deployments.create(name=f"App {number} of {rows}")
        publish(made, {"persona": {"name": f"Ada {number}"}}, by=None)


def versions(app: Deployment, rows: int) -> None:
    key, _ = create_key(app, "pipeline", by=None)
    for number in range(rows):
        publish(app, {"persona": {"name": f"Ada {number}"}}, by=key if number % 2 else None)


def keys(app: Deployment, rows: int) -> None:
    maker, _ = create_key(app, "pipeline", by=None)
    for number in range(rows):
        made, _ = create_key(app, f"key {number}", by=maker)
        if number % 2:
            rotate_key(made, by=maker)


@pytest.mark.parametrize(
    ("fill", "page"),
    [(deployments, "deployments"), (versions, "deployment-versions"), (keys, "deployment-keys")],
)
def test_no_page_asks_once_a_row(app, member, fill: Callable[[Deployment, int], None], page):
    client = member()
    path = reverse(page, args=[] if page == "deployments" else [app.pk])
    fill(app, 3)
    few = queries(client, path)
    fill(app, 30)
    assert queries(client, path) == few
    assert few < 16


def test_no_page_counts_a_whole_table(app, member):
    client = member()
    versions(app, 40)
    for page in ("deployment-versions", "deployment", "deployment-keys"):
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(page, args=[app.pk]))
        assert [one["sql"] for one in captured if "COUNT(" in one["sql"].upper()] == [], page


def test_older_versions_stand_on_pages_of_their_own(app, member):
    versions(app, 40)
    client, path = member(), reverse("deployment-versions", args=[app.pk])
    first = client.get(path)
    assert [one.number for one in first.context["versions"]] == list(range(41, 11, -1))
    assert [one.number for one in client.get(path + "?before=12").context["versions"]] == list(range(11, 0, -1))
    for strange in ("?before=x", "?before=%00", "?before=99999999999999", "?before=-1"):
        assert client.get(path + strange).status_code == 200
