"""Differences in words, on the pages."""

from django.urls import reverse

from operators.models import Operator
from operators.publishing import publish, save_draft

LONG = "Be kind. " * 40


def version(app, number: int, query: str = "") -> str:
    return reverse("deployment-version", args=[app.pk, number]) + query


def test_a_version_tells_how_it_differs_from_the_one_before(app, member):
    publish(app, {"instructions": LONG, "scope": {"allowed": [{"name": "Cooking"}]}}, by=None, note="now for cooks")
    text = member().get(version(app, 2)).text
    assert "now for cooks" in text
    assert "“Cooking” is a topic it helps with." in text
    assert f'<blockquote class="text">{LONG.strip()}</blockquote>' in text


def test_a_version_is_compared_with_any_other_and_the_draft(app, member):
    publish(app, {"persona": {"name": "Ada"}}, by=None)
    publish(app, {"persona": {"name": "Bo"}}, by=None)
    save_draft(app, {"persona": {"name": "Cy"}})
    client = member("analyst")
    assert "“Bo” in place of “Ada”" in client.get(version(app, 3)).text
    assert "Its name: “Bo”" in client.get(version(app, 3, "?from=1")).text
    assert "“Bo” in place of “Cy”" in client.get(version(app, 3, "?from=draft")).text
    assert "Nothing differs." in client.get(version(app, 3, "?from=3")).text
    for strange in ("?from=99", "?from=%00", "?from=%D9%A3", "?from=-1", "?from=99999999999999999999"):
        assert client.get(version(app, 3, strange)).status_code == 200


def test_a_version_that_is_not_there_is_not_found(app, member):
    for number in (0, 2, 10**30):
        assert member().get(version(app, number)).status_code == 404
    assert member(operator=Operator.objects.create(name="Other")).get(version(app, 1)).status_code == 404


def test_before_publishing_one_reads_what_would_change(app, member):
    save_draft(app, {"behaviours": {"crude_language": {"state": "on"}}})
    text = member().get(reverse("deployment", args=[app.pk])).text
    assert "is on; it was left to the charter." in text
