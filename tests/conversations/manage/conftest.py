"""A deployment, and keys of it that manage, against the running web process."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from operators.keys import create_key
from operators.models import Deployment

ALL = ["turns", "records", "manage"]


class Manager:
    """Management requests with one key: `manager("POST", "keys", {...})`."""

    def __init__(self, web: str, deployment: Deployment, key: str) -> None:
        self.web, self.deployment, self.key = web, deployment, key
        self._client = httpx2.Client(base_url=f"{web}/v1/manage/", headers={"x-api-key": key}, timeout=30)

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        if body is not None:
            options["json"] = body
        return self._client.request(method, path, **options)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        response = self("GET", path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def new_manager(web: str, new_key: Callable[..., tuple[Deployment, str]]) -> Iterator[Callable[..., Manager]]:
    """`new_manager(settings, scopes)`: a deployment of its own operator and a key of these scopes, all by default."""
    made: list[Manager] = []

    def make(
        settings: dict[str, Any] | None = None, scopes: list[str] = ALL, deployment: Deployment | None = None
    ) -> Manager:
        deployment = deployment or new_key(settings)[0]
        _, text = create_key(deployment, "ci", by=None, scopes=scopes)
        made.append(Manager(web, deployment, text))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def manager(new_manager: Callable[..., Manager]) -> Manager:
    return new_manager()
