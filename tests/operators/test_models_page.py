"""The console's models of a deployment."""

import pytest
from django.urls import reverse

from audit.log.models import Entry
from operators.models import Operator
from tests.conversations.catalogue import model as make_model
from tests.conversations.catalogue import upstream


@pytest.fixture
def path(app) -> str:
    there = upstream("http://127.0.0.1:9")
    for name in ("big", "small"):
        make_model(name, {there: name})
    make_model("theirs", {upstream("http://127.0.0.1:9", name="o", operator=Operator.objects.create(name="O")): "x"})
    return reverse("deployment-models", args=[app.pk])


def test_models_and_own_names_are_chosen(app, member, path):
    client = member()
    assert "theirs" not in client.get(path).text
    sent = {"allowed": ["big"], "aliases": "fast = big\n\n smart=big "}
    assert client.post(path, sent).status_code == 302
    app.refresh_from_db()
    assert (app.model_names, app.model_aliases) == (["big"], {"fast": "big", "smart": "big"})
    assert "fast = big" in client.get(path).text
    client.post(path, sent)
    assert Entry.objects.filter(name="deployment.changed").count() == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"allowed": ["theirs"]}, "allowed"),
        ({"aliases": "fast = theirs"}, "aliases"),
        ({"aliases": "fast"}, "aliases"),
        ({"aliases": "a b = big"}, "aliases"),
        ({"aliases": "= big"}, "aliases"),
        ({"allowed": ["big"], "aliases": "fast = small"}, "aliases"),
    ],
)
def test_what_is_out_of_reach_is_said_beside_the_field(app, member, path, sent, field):
    told = member().post(path, sent)
    assert told.context["form"].errors.keys() == {field}
    app.refresh_from_db()
    assert (app.model_names, app.model_aliases) == ([], {})


def test_analysts_read_and_others_find_nothing(app, member, path):
    assert member("analyst").get(path).status_code == 200
    assert member("analyst").post(path, {}).status_code == 403
    assert member(operator=Operator.objects.create(name="Other")).get(path).status_code == 404
