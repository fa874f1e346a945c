"""Observe: screens measure the new messages and the history, off the event loop."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from charter import Configuration, Passage, Signal
from charter.screens import observe as measure
from conversations import passages
from conversations.history import Place

REMEMBERED = 2_000
# One thread a core: the encoder runs outside Python's lock, and more threads than cores would only take turns.
_screeners = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="screens")

# An app's system prompt is the same turn after turn; its signals are kept by its text.
_operator_signals: OrderedDict[str, tuple[Signal, ...]] = OrderedDict()


async def observe(
    place: Place, system: str | Sequence[dict[str, Any]], configuration: Configuration
) -> tuple[Signal, ...]:
    said, by_operator = texts(place, system, configuration)
    key = "\0".join(passage.text for passage in by_operator)
    known = _operator_signals.get(key) if by_operator else ()
    fresh = said if known is not None else [*said, *by_operator]
    signals = await asyncio.get_running_loop().run_in_executor(_screeners, measure, fresh, configuration)
    if known is not None:
        return (*signals, *known)
    wheres = {passage.where for passage in by_operator}
    _operator_signals[key] = tuple(signal for signal in signals if signal.where in wheres)
    while len(_operator_signals) > REMEMBERED:
        _operator_signals.popitem(last=False)
    return signals


def forget() -> None:
    """Signals quote, and their texts may name somebody who was erased."""
    _operator_signals.clear()


async def warm() -> None:
    """Loads what the screens read with, so that the first turn need not wait for it."""
    # A greeting in another language, and one without gaps between its words: each has lists of its own.
    hello = Passage("guten Abend, wie geht es Ihnen? h o w a r e y o u", "user", "messages[0]")
    await asyncio.get_running_loop().run_in_executor(_screeners, measure, [hello], Configuration())


def texts(
    place: Place, system: str | Sequence[dict[str, Any]], configuration: Configuration
) -> tuple[list[Passage], list[Passage]]:
    """What is looked at in a turn: what was said, and what the operator had to say to it."""
    by_operator = passages.of_system(system)
    if configuration.instructions:
        by_operator.append(Passage(configuration.instructions, "operator", "configuration.instructions"))
    return passages.of_messages(place.messages, place.known), by_operator
