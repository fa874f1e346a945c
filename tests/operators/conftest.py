"""A deployment and the people of its operator."""

from collections.abc import Callable

import pytest
from django.test import Client

from operators.models import Deployment, Operator
from operators.publishing import publish
from tests.support.people import signed_in


@pytest.fixture
def app(db) -> Deployment:
    made = Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")
    publish(made, {}, by=None)
    return made


@pytest.fixture
def member(app: Deployment) -> Callable[..., Client]:
    """`member("analyst")` signs one in; `member(operator=other)` one of another operator."""

    def enter(role: str = "developer", operator: Operator | None = None) -> Client:
        return signed_in(operator or app.operator, role)

    return enter
