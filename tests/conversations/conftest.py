"""Plain HTTP beside the official clients, for what they do not know."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from operators.models import Deployment


@pytest.fixture
def api(web: str, key: str) -> Iterator[httpx2.Client]:
    """The same deployment as the official client's."""
    with httpx2.Client(base_url=web, headers={"x-api-key": key}, timeout=20) as made:
        yield made


@pytest.fixture
def stranger(web: str, new_key: Callable[..., tuple[Deployment, str]]) -> Iterator[httpx2.Client]:
    """A client of another operator's deployment."""
    with httpx2.Client(base_url=web, headers={"x-api-key": new_key()[1]}, timeout=20) as made:
        yield made
