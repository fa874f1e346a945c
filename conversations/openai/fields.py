"""The fields of a chat completion that have no counterpart in the Messages API, by a table.

What only tunes an answer is dropped, and the answer says so; what would change its form is refused, so that nobody
takes one thing for another. A value that asks for nothing (`n: 1`, `logprobs: false`, null) is neither.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conversations.openai.checks import fields, flag, items, number, one_of, text, whole, wrong

MOST_TOLD = 32
"""How many unknown fields an answer names."""


@dataclass(frozen=True, slots=True)
class Row:
    """`neutral`: the value that asks for nothing, beside null. `check` raises ApiError 400 for the wrong type."""

    check: Callable[[Any, str], Any]
    word: str
    neutral: Any = None
    refused: bool = False


CACHING = "goes by cache_control, which extra_body may hold"

TABLE: dict[str, Row] = {
    "audio": Row(fields, "answers are text", refused=True),
    "frequency_penalty": Row(number, "the model has no penalties", 0),
    "logit_bias": Row(fields, "the model's tokens cannot be weighed", {}),
    "logprobs": Row(flag, "the model does not tell probabilities", neutral=False, refused=True),
    "modalities": Row(items, "answers are text", ["text"], refused=True),
    "moderation": Row(fields, "every turn is screened as it is"),
    "n": Row(whole, "one answer is given", 1, refused=True),
    "prediction": Row(fields, "predictions are not used"),
    "presence_penalty": Row(number, "the model has no penalties", 0),
    "prompt_cache_key": Row(text, CACHING),
    "prompt_cache_options": Row(fields, CACHING),
    "prompt_cache_retention": Row(text, CACHING),
    "seed": Row(whole, "the model's sampling takes no seed"),
    "store": Row(flag, "every turn is recorded as it is", neutral=False),
    "top_logprobs": Row(whole, "the model does not tell probabilities", 0, refused=True),
    "verbosity": Row(
        lambda value, param: one_of(value, param, ("low", "medium", "high")), "say it in the system message", "medium"
    ),
    "web_search_options": Row(fields, "there is no web search here", refused=True),
}


def left_out(body: dict[str, Any], known: frozenset[str]) -> dict[str, str]:
    """The word on each field that is dropped. `known`: those that are translated.

    Raises ApiError 400 for what is refused, and for a wrong type.
    """
    dropped: dict[str, str] = {}
    for name, row in TABLE.items():
        value = body.get(name)
        if value is None:
            continue
        row.check(value, name)
        if value == row.neutral:
            continue
        if row.refused:
            raise wrong(name, row.word)
        dropped[name] = row.word
    unknown = [name for name, value in body.items() if name not in TABLE and name not in known and value is not None]
    return dropped | {name[:64]: "is not known here" for name in unknown[:MOST_TOLD]}
