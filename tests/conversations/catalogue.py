"""Rows of the catalogue for tests."""

from typing import Any

from operators.models import FieldRule, Model, ModelRoute, Operator, Upstream


def upstream(url: str, *, name: str = "second", key: str = "sk-second", operator: Operator | None = None, **more: Any):
    made = Upstream(name=name, base_url=url, operator=operator, **more)
    made.set_key(key)
    made.save()
    return made


def model(name: str, routes: dict[Upstream | None, str], *, rules: tuple[tuple[str, str, str], ...] = (), **more: Any):
    """`routes`: the model's name by upstream, None for the environment's. `rules`: (field, action, word)."""
    made = Model.objects.create(name=name, **more)
    for there, known_as in routes.items():
        ModelRoute.objects.create(model=made, upstream=there, name=known_as)
    for field, action, word in rules:
        FieldRule.objects.create(model=made, field=field, action=action, word=word)
    return made
