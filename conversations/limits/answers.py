"""What a caller is told of its limits: the headers of every answer, and the words of a refusal."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil

from conversations.errors import ApiError
from conversations.limits.asking import MONTH_MONEY, MONTH_TOKENS, STREAMS, Verdict, month_after, month_of, rates
from operators.allowances import Subject

NAMES = ("requests", "input-tokens", "output-tokens")
WORDS = ("requests a minute", "input tokens a minute", "output tokens a minute", "streams at once")
LONGEST_RETRY = 60
"""Seconds. Official clients wait as long as they are told, a month too: beyond this they are told not to try again."""


def headers(subjects: Sequence[Subject], verdict: Verdict) -> dict[str, str]:
    """Each limit as it holds for the subject that has the least left. `tokens`: input and output together."""
    now = datetime.now(UTC)
    told, tokens = {}, []
    for index, name in enumerate(NAMES):
        held = [
            (left[index], most)
            for subject, left in zip(subjects, verdict.left, strict=True)
            if (most := rates(subject)[index]) is not None and left[index] is not None
        ]
        if not held:
            continue
        left, most = min(held)  # type: ignore[type-var]
        full = now + timedelta(seconds=ceil((most - left) * 60 / most) if most else LONGEST_RETRY)  # type: ignore[operator]
        told |= _three(name, most, left, full)
        if index:
            tokens.append((most, left, full))
    if len(tokens) == 2:
        (most_in, left_in, full_in), (most_out, left_out, full_out) = tokens
        told |= _three("tokens", most_in + most_out, left_in + left_out, max(full_in, full_out))
    return told


def _three(name: str, most: int, left: int | None, full: datetime) -> dict[str, str]:
    head = f"anthropic-ratelimit-{name}"
    return {f"{head}-limit": str(most), f"{head}-remaining": str(left), f"{head}-reset": moment(full)}


def moment(when: datetime) -> str:
    """RFC 3339, to the second."""
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")


def refusal(subjects: Sequence[Subject], verdict: Verdict) -> ApiError:
    """The 429: which limit of whom, and when to come back."""
    subject = subjects[verdict.whose]
    if verdict.what in {MONTH_TOKENS, MONTH_MONEY}:
        now = datetime.now(UTC)
        begins = month_after(month_of(now))
        words, seconds = _budget_words(subject, verdict.what, moment(begins)), (begins - now).total_seconds()
    else:
        allowance = subject.allowance
        amounts = (allowance.requests, allowance.input_tokens, allowance.output_tokens, allowance.streams)
        words = f"{subject}'s limit of {amounts[verdict.what - 1]:,} {WORDS[verdict.what - 1]}"
        seconds = LONGEST_RETRY if verdict.seconds is None else verdict.seconds
        if verdict.seconds is None:
            words += " lets nothing through"
        elif verdict.what == STREAMS:
            words += " is reached: another has to end first"
        else:
            words += f" is reached; try again in {_whole(seconds)} s"
    told = headers(subjects, verdict) | {"retry-after": str(_whole(seconds))}
    if seconds > LONGEST_RETRY or verdict.seconds is None:
        told["x-should-retry"] = "false"
    return ApiError(429, words, headers=told)


def _budget_words(subject: Subject, what: int, begins: str) -> str:
    allowance = subject.allowance
    amount = f"{allowance.month_tokens:,} tokens" if what == MONTH_TOKENS else f"{allowance.month_money:,.2f}"
    return f"{subject}'s budget of {amount} a month is used up; the next month begins at {begins}"


def _whole(seconds: float) -> int:
    return max(1, ceil(seconds))
