"""The `conftest.py` of the official client's tests, but for what tells them where to go: only their clients' fixtures.

Their own needs packages for recorded answers, which the tests of an API do not use.
"""

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic, DefaultAioHttpClient

pytest.register_assert_rewrite("tests.utils")

WHERE = {"base_url": os.environ["TEST_API_BASE_URL"], "api_key": os.environ["TEST_API_KEY"], "max_retries": 0}


@pytest.fixture(scope="session")
def client(request: pytest.FixtureRequest) -> Iterator[Anthropic]:
    with Anthropic(**WHERE, _strict_response_validation=getattr(request, "param", True)) as made:
        yield made


@pytest.fixture(scope="session")
async def async_client(request: pytest.FixtureRequest) -> AsyncIterator[AsyncAnthropic]:
    asked: Any = getattr(request, "param", True)
    over_aiohttp = isinstance(asked, dict)
    strict = asked.get("strict", True) if over_aiohttp else asked
    http_client = DefaultAioHttpClient() if over_aiohttp else None
    async with AsyncAnthropic(**WHERE, _strict_response_validation=strict, http_client=http_client) as made:
        yield made
