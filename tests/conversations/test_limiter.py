"""The counting itself: the same whether Valkey counts for all processes, or a process by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from django.conf import settings

from conversations.errors import ApiError
from conversations.limits import Ask, Limiter, Used
from operators.allowances import Allowance, Subject

NOBODY = "redis://127.0.0.1:1/0"
Subjects = tuple[Subject, ...]


def held_to(**amounts: int) -> Subjects:
    """A deployment's limits; its key and its operator have none."""
    return (
        Subject("key", uuid4(), Allowance()),
        Subject("deployment", uuid4(), Allowance(**amounts)),
        Subject("operator", uuid4(), Allowance()),
    )


@pytest.fixture(params=["shared", "alone"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[Limiter]:
    url = settings.LIMITS_URL if request.param == "shared" else NOBODY
    made = Limiter(url, seconds=2, lease=30)
    yield made
    await made.stop()


@pytest.fixture
async def two() -> AsyncIterator[Callable[..., tuple[Limiter, Limiter]]]:
    """Two processes, as it were."""
    made = [Limiter(settings.LIMITS_URL, seconds=2, lease=0.6) for _ in range(2)]
    yield lambda: (made[0], made[1])
    for one in made:
        await one.stop()


async def refused(limiter: Limiter, subjects: Subjects, ask: Ask) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await limiter.admit(subjects, ask)
    assert caught.value.status == 429
    return caught.value


def left(headers: dict[str, str], name: str) -> int:
    return int(headers[f"anthropic-ratelimit-{name}-remaining"])


async def test_a_bucket_empties_and_tells_when_it_has_room(limiter):
    subjects = held_to(requests=3)
    assert [left((await limiter.admit(subjects, Ask())).headers, "requests") for _ in range(3)] == [2, 1, 0]
    error = await refused(limiter, subjects, Ask())
    assert error.message == "this deployment's limit of 3 requests a minute is reached; try again in 20 s"
    assert error.headers["retry-after"] == "20"


async def test_a_bucket_fills_again(limiter):
    subjects = held_to(requests=60)
    admitted = [await limiter.admit(subjects, Ask()) for _ in range(60)]
    assert left(admitted[-1].headers, "requests") == 0
    await refused(limiter, subjects, Ask())
    await asyncio.sleep(1.1)
    assert await limiter.admit(subjects, Ask())


async def test_no_limit_is_never_told_and_never_refuses(limiter):
    subjects = held_to()
    for _ in range(5):
        assert (await limiter.admit(subjects, Ask(10**12, 10**12, stream=True))).headers == {}


@pytest.mark.parametrize("name", ["requests", "input_tokens", "output_tokens", "streams"])
async def test_zero_lets_nothing_through(limiter, name):
    error = await refused(limiter, held_to(**{name: 0}), Ask(1, 1, stream=True))
    assert "lets nothing through" in error.message
    assert error.headers["x-should-retry"] == "false"


async def test_what_was_guessed_too_much_is_given_back(limiter):
    subjects = held_to(input_tokens=1000, output_tokens=1000)
    admission = await limiter.admit(subjects, Ask(900, 800))
    assert left(admission.headers, "tokens") == 300
    await refused(limiter, subjects, Ask(500, 1))
    limiter.settle(admission, Used(input=50, output=100, cache_read=5000))
    headers = (await limiter.admit(subjects, Ask(500, 1))).headers
    assert 450 <= left(headers, "input-tokens") <= 455
    assert 899 <= left(headers, "output-tokens") <= 904


async def test_what_was_guessed_too_little_is_a_debt(limiter):
    subjects = held_to(input_tokens=600)
    admission = await limiter.admit(subjects, Ask(10))
    limiter.settle(admission, Used(input=900, cache_write=300))
    error = await refused(limiter, subjects, Ask(1))
    assert 55 <= int(error.headers["retry-after"]) <= 61


async def test_more_than_a_whole_bucket_waits_for_a_full_one(limiter):
    subjects = held_to(input_tokens=600)
    assert left((await limiter.admit(subjects, Ask(5000))).headers, "input-tokens") == 0
    error = await refused(limiter, subjects, Ask(5000))
    assert 470 <= int(error.headers["retry-after"]) <= 501
    assert error.headers["x-should-retry"] == "false"


async def test_nothing_is_taken_of_any_subject_when_one_refuses(limiter):
    key, deployment, _ = held_to(requests=5)
    operator = Subject("operator", uuid4(), Allowance(requests=0))
    for _ in range(9):
        assert "operator" in (await refused(limiter, (key, deployment, operator), Ask())).message
    free = Subject("operator", uuid4(), Allowance())
    assert left((await limiter.admit((key, deployment, free), Ask())).headers, "requests") == 4


async def test_of_several_refusals_the_longest_wait_is_told(limiter):
    key, deployment, operator = held_to(requests=60)
    key = Subject("key", key.id, Allowance(requests=1))
    await limiter.admit((key, deployment, operator), Ask())
    error = await refused(limiter, (key, deployment, operator), Ask(stream=True))
    assert "this key's limit of 1 requests" in error.message
    assert error.headers["retry-after"] == "60"


async def test_streams_at_once(limiter):
    subjects = held_to(streams=2)
    running = [await limiter.admit(subjects, Ask(stream=True)) for _ in range(2)]
    assert "2 streams at once" in (await refused(limiter, subjects, Ask(stream=True))).message
    assert await limiter.admit(subjects, Ask())
    limiter.settle(running[0], Used())
    assert await limiter.admit(subjects, Ask(stream=True))


async def test_a_lower_limit_holds_at_once(limiter):
    key, deployment, operator = held_to(requests=100)
    await limiter.admit((key, deployment, operator), Ask())
    lower = (key, Subject("deployment", deployment.id, Allowance(requests=2)), operator)
    assert left((await limiter.admit(lower, Ask())).headers, "requests") == 1


async def test_two_processes_count_together(two):
    one, other = two()
    subjects = held_to(requests=20)
    results = await asyncio.gather(
        *(limiter.admit(subjects, Ask()) for limiter in (one, other) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, ApiError) for result in results) == 20


async def test_a_running_stream_is_remembered_for_longer_than_a_lease(two):
    one, other = two()
    subjects = held_to(streams=1)
    one.start()
    admission = await one.admit(subjects, Ask(stream=True))
    for _ in range(12):
        await asyncio.sleep(0.1)
        await refused(other, subjects, Ask(stream=True))
    one.settle(admission, Used())
    until = asyncio.get_running_loop().time() + 5
    while True:
        try:
            assert await other.admit(subjects, Ask(stream=True))
            break
        except ApiError:
            assert asyncio.get_running_loop().time() < until
            await asyncio.sleep(0.02)


async def test_alone_a_process_takes_its_share(two):
    one, other = two()
    one.start()
    other.start()
    await asyncio.sleep(0.5)
    alone = one._local
    subjects = held_to(requests=20, streams=4)
    assert one._processes >= 2
    taken = 0
    while not alone.admit(subjects, Ask(), [0, 0, 0], 2).what:
        taken += 1
    assert taken == 10
    assert alone.admit(held_to(streams=4), Ask(stream=True), [2, 2, 2], 2).what
    assert not alone.admit(held_to(requests=1), Ask(), [0, 0, 0], 8).what
