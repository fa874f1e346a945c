"""manage.py import_models: a catalogue made from what an upstream lists."""

import pytest
from django.core.management import CommandError, call_command

from operators.models import Model, ModelRoute, Upstream
from tests.support.model_server import ModelServer


@pytest.fixture
def second(db, model: ModelServer) -> Upstream:
    upstream = Upstream(name="second", base_url=model.url)
    upstream.set_key("sk-second")
    upstream.save()
    return upstream


def test_the_models_an_upstream_lists_are_offered_once(second, model, capsys):
    Model.objects.create(name=model.models[0], display_name="Named here")
    for new in (len(model.models) - 1, 0):
        call_command("import_models", "second")
        assert f"{len(model.models)} models listed, {new} new" in capsys.readouterr().out
    assert set(Model.objects.values_list("name", flat=True)) == set(model.models)
    assert Model.objects.get(name=model.models[0]).display_name == "Named here"
    assert Model.objects.get(name=model.models[1]).created_at.year == 2025
    assert list(ModelRoute.objects.values_list("upstream", flat=True)) == [second.pk] * len(model.models)


def test_the_environments_upstream_is_the_default(db, model, settings):
    settings.ANTHROPIC_BASE_URL, settings.ANTHROPIC_API_KEY = model.url, ""
    call_command("import_models")
    assert set(ModelRoute.objects.values_list("upstream", flat=True)) == {None}


def test_what_cannot_be_asked_is_said(db, second, model, settings):
    settings.ANTHROPIC_BASE_URL = settings.ANTHROPIC_API_KEY = ""
    with pytest.raises(CommandError, match="ANTHROPIC_API_KEY"):
        call_command("import_models")
    with pytest.raises(CommandError, match="no upstream nobody"):
        call_command("import_models", "nobody")
    Upstream.objects.update(base_url="http://127.0.0.1:9")
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("import_models", "second")
