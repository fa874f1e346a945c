"""Usage by the hour is what the turns add up to: counted in their own commit, late ones included, made anew at will."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from conversations.models import Turn, UsageHour
from conversations.models.usage import BOUNDS
from conversations.usage import OUTCOMES, percentile, usage, waits
from conversations.usage_question import Question
from operators.models import Usage
from tests.conftest import CODING
from tests.conversations.catalogue import model as make_model
from tests.conversations.records import body
from tests.conversations.turns import DAY, turn
from tests.support.waiting import until

COUNTED = ("turns", *OUTCOMES, "flagged", "failed", "input_tokens", "output_tokens", "unpriced", "cost")


def place(milliseconds: int) -> int:
    return sum(bound <= milliseconds for bound in BOUNDS)


def added_up() -> dict[tuple, dict]:
    """What the hours must hold, by the turns themselves."""
    hours: dict[tuple, dict] = {}
    for one in Turn.objects.all():
        start = one.started_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        nothing = dict.fromkeys(COUNTED, 0) | {"own": [0] * (len(BOUNDS) + 1), "model": [0] * (len(BOUNDS) + 1)}
        sums = hours.setdefault((one.deployment_id, start, one.key_id, one.model), nothing)
        sums["turns"] += 1
        sums[one.outcome] += 1
        sums["flagged"] += one.flagged
        sums["failed"] += one.status == "upstream_error"
        sums["input_tokens"] += one.input_tokens
        sums["output_tokens"] += one.output_tokens
        sums["unpriced"] += one.cost is None and one.input_tokens + one.output_tokens > 0
        sums["cost"] += one.cost or Decimal(0)
        sums["own"][place(max(0, one.milliseconds - one.upstream_milliseconds))] += 1
        if one.upstream:
            sums["model"][place(one.upstream_milliseconds)] += 1
    return hours


def kept() -> dict[tuple, dict]:
    return {
        (one.deployment_id, one.hour, one.key_id, one.model): {name: getattr(one, name) for name in COUNTED}
        | {"own": one.own_waits, "model": one.model_waits}
        for one in UsageHour.objects.all()
    }


@pytest.fixture
def asked(web, second_web, model, new_key):
    """Turns of every kind, through two processes at once; the deployment and its key."""
    deployment, key = new_key(CODING)
    make_model("priced", {None: "claude-mock-1"}, input_price="3", output_price="15")
    headers = {"x-api-key": key}
    texts = [
        "How do I reverse a list?",
        "What is a good recipe for lasagna?",
        "Fix this stack trace [[status:400]]",
        "Hello",
    ]

    def ask(number: int) -> int:
        asking = body(texts[number % 4], model=("default", "priced")[number // 4 % 2])
        address = (web, second_web)[number % 2]
        return httpx2.post(f"{address}/v1/messages", json=asking, headers=headers, timeout=30).status_code

    until(lambda: {ask(4), ask(5)} == {200})
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(24))) == {200, 400}
    return deployment, deployment.keys.get()


def test_hours_are_what_the_turns_add_up_to(asked):
    deployment, key = asked
    for late in (timedelta(hours=5), timedelta(days=40), timedelta(0)):
        turn(deployment, key, DAY - late, flagged=True, milliseconds=1_000_000, upstream_milliseconds=2)
    assert kept() == added_up()
    counted = kept().values()
    assert all(sum(one[name] for one in counted) for name in ("answer", "redirect", "failed", "flagged", "cost"))


def test_they_agree_with_what_budgets_are_held_to(asked):
    hours = UsageHour.objects.aggregate(turns=Sum("turns"), cost=Sum("cost"))
    assert hours == Usage.objects.aggregate(turns=Sum("turns"), cost=Sum("cost"))
    assert hours["cost"] > 0


def test_made_anew_they_are_the_same(asked):
    before = kept()
    UsageHour.objects.filter(model="priced").update(turns=0, cost=77)
    UsageHour.objects.filter(model="default").delete()
    call_command("recount_usage", verbosity=0)
    assert kept() == before == added_up()


def test_an_hour_of_which_no_turn_is_left_is_kept(asked):
    before = kept()
    Turn.objects.all().delete()
    call_command("recount_usage", verbosity=0)
    assert kept() == before


def test_a_day_that_is_none_is_refused():
    with pytest.raises(CommandError, match="no day"):
        call_command("recount_usage", "--from", "yesterday")


def test_no_turn_is_counted_when_usage_is_asked_for(asked, django_assert_num_queries, settings):
    deployment, _ = asked
    now = datetime.now(UTC)
    question = Question(deployment.pk, now - timedelta(hours=2), now + timedelta(hours=1))
    with django_assert_num_queries(8) as queries:  # two, each in a transaction of its own with a bound on its time
        counted, waited = usage(question), waits(question)
    assert not any("conversations_turn" in one["sql"] for one in queries.captured_queries)
    assert counted.total.turns == Turn.objects.count() == sum(sum(one.own) for one in waited.values())


def test_percentiles_are_within_their_place():
    counts = [0] * (len(BOUNDS) + 1)
    assert percentile(counts, 0.5) is None
    counts[place(120)], counts[place(4000)], counts[-1] = 90, 9, 1
    assert 100 <= percentile(counts, 0.5) <= 150
    assert 3000 <= percentile(counts, 0.95) <= 5000
    assert percentile(counts, 1) == BOUNDS[-1]
