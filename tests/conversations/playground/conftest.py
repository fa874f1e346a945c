"""A member's browser at the running web process, without a browser: session, CSRF and streams are the real ones."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import orjson
import pytest

from operators.models import Deployment
from tests.support.people import signed_in


class Member:
    def __init__(self, client: httpx2.Client, deployment: Deployment) -> None:
        self.client, self.deployment = client, deployment
        self.path = f"/deployments/{deployment.pk}/playground/"

    def page(self, **query: str) -> str:
        answer = self.client.get(self.path, params=query)
        assert answer.status_code == 200
        return answer.text

    def token(self) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.client.get("/deployments/").text)
        assert found
        return found[1]

    def post(self, message: str, *, accept: str = "text/html", **fields: str) -> httpx2.Response:
        data = {"csrfmiddlewaretoken": self.token(), "say": message, **fields}
        return self.client.post(f"{self.path}ask/", data=data, headers={"accept": accept})

    def stream(self, message: str, **fields: str) -> list[tuple[str, dict[str, Any]]]:
        """The events of one side's answer."""
        answer = self.post(message, accept="text/event-stream", **{"side": "draft", **fields})
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
        blocks = [block.split("\n") for block in answer.text.split("\n\n") if block]
        return [(name.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))) for name, data in blocks]


@pytest.fixture
def member_of(web: str) -> Iterator[Callable[..., Member]]:
    """`member_of(deployment, "analyst")` signs one in."""
    with ExitStack() as open_clients:

        def enter(deployment: Deployment, role: str = "developer") -> Member:
            session = signed_in(deployment.operator, role).cookies["sessionid"].value
            made = httpx2.Client(base_url=web, cookies={"sessionid": session}, trust_env=False, timeout=20)
            return Member(open_clients.enter_context(made), deployment)

        yield enter
