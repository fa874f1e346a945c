"""How limits are written in the environment: `requests=600, streams=20, month_tokens=none`.

A number is the limit, 0 lets nothing through, `none` is no limit; what is not named keeps its default.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ImproperlyConfigured

Amounts = dict[str, int | Decimal | None]
LARGEST = 10**15
"""Of any amount: counters stay exact in every place that adds them up."""

KEY = DEPLOYMENT = {
    "requests": 60_000,
    "input_tokens": 200_000_000,
    "output_tokens": 50_000_000,
    "streams": 2_000,
    "month_tokens": None,
    "month_money": None,
}
OPERATOR = {
    "requests": 120_000,
    "input_tokens": 400_000_000,
    "output_tokens": 100_000_000,
    "streams": 4_000,
    "month_tokens": None,
    "month_money": None,
}

PLAYGROUND = {**dict.fromkeys(KEY), "requests": 60, "streams": 12}


def read(name: str, text: str, default: Mapping[str, int | None]) -> Amounts:
    """The limits that the variable `name` holds as `text`. Raises ImproperlyConfigured, which names it."""
    amounts: Amounts = dict(default)
    for part in filter(None, (part.strip() for part in text.split(","))):
        what, equals, amount = (word.strip() for word in part.partition("="))
        if what not in amounts or not equals:
            raise ImproperlyConfigured(f"{name}: {part!r} is none of {', '.join(f'{one}=N' for one in default)}")
        amounts[what] = _amount(name, what, amount)
    return amounts


def _amount(name: str, what: str, text: str) -> int | Decimal | None:
    if text == "none":
        return None
    try:
        amount: int | Decimal = Decimal(text) if what == "month_money" else int(text)
    except (InvalidOperation, ValueError):
        amount = -1
    if not (Decimal(amount).is_finite() and 0 <= amount <= LARGEST):
        raise ImproperlyConfigured(f"{name}: {what} must be `none` or a number from 0 to {LARGEST}")
    return amount
