"""A deployment is renamed on its overview: once, in one line, as nothing else of its operator is called."""

import pytest
from django.urls import reverse

from audit.log.models import Entry
from operators.models import Deployment


def test_it_is_called_otherwise_and_that_is_an_entry(app, member):
    client, path = member(), reverse("deployment-rename", args=[app.pk])
    for _ in range(2):
        assert client.post(path, {"name": " Helper "}).status_code == 302
    before, app = app.name, Deployment.objects.get(pk=app.pk)
    assert app.name == "Helper"
    entry = Entry.objects.get(name="deployment.changed")
    assert (entry.detail["before"], entry.detail["after"]) == (before, "Helper")


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "two\nlines", "Taken"])
def test_what_is_no_name_or_taken_is_said_and_nothing_is_changed(app, member, name):
    Deployment.objects.create(operator=app.operator, name="Taken")
    told = member().post(reverse("deployment-rename", args=[app.pk]), {"name": name}, follow=True)
    assert "A name is one line" in told.text or "of that name already" in told.text
    assert Deployment.objects.get(pk=app.pk).name == app.name
    assert not Entry.objects.filter(name="deployment.changed").exists()
