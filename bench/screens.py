"""`python bench/screens.py`: what the screens cost, in processor time on one core and as multiples of a first look.

Each text is read anew every time, with nothing remembered. Times depend on the machine and on who else uses it; the
multiples, taken in the same run, hardly do, and the counts of looks and tokens not at all.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from charter import Configuration, Passage  # noqa: E402 - the paths come first
from charter.configuration import Scope, Topic  # noqa: E402
from charter.screens import embedding, encoder, gloss, language, linear, observe, reader  # noqa: E402

ROUNDS = 60
SHORT = "How do I sort a list of names in Python?"
SENTENCES = (
    "I have been thinking about how my garden changes in spring. The roses come first, then tulips. My neighbour says "
    "that I water far too much! Is that so? What would you do with a clay soil that stays wet until June? "
)
LONG = (SENTENCES * 8)[:1_200]
SCOPED = Configuration(
    scope=Scope(
        "Help with Python programming",
        (Topic("Python", ("How do I sort a list?", "What is a decorator?")),),
        (Topic("Java", ("How do I compile Java?",)),),
        restrict=True,
    )
)
CASES: dict[str, tuple[str, Configuration]] = {
    "short message": (SHORT, Configuration()),
    "short message, in German": ("Wie sortiere ich in Python eine Liste mit Namen?", Configuration()),
    "short message, restricted scope": (SHORT, SCOPED),
    "1,200 characters": (LONG, Configuration()),
    "1,200 characters, restricted scope": (LONG, SCOPED),
}


def main() -> None:
    look = _milliseconds(lambda: encoder.first_look(SHORT))
    print(f"one first look at a short message: {look:.2f} ms of one core\n")
    print("| text | ms | first looks' worth | first looks | closer looks | tokens |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, (text, configuration) in CASES.items():
        passages = [Passage(text, "user", "messages[0]")]
        spent = _milliseconds(lambda p=passages, c=configuration: observe(p, c))  # type: ignore[misc]
        first, closer, tokens = _counted(passages, configuration)
        print(f"| {name} | {spent:.2f} | {spent / look:.1f} | {first} | {closer} | {tokens} |")


def _milliseconds(read: Callable[[], object]) -> float:
    """The median over rounds, of this thread's processor time: others who wait for the core do not count."""
    spent = []
    for _ in range(ROUNDS):
        _forget()
        begun = time.thread_time()
        read()
        spent.append((time.thread_time() - begun) * 1_000)
    return statistics.median(spent[5:])


def _counted(passages: list[Passage], configuration: Configuration) -> tuple[int, int, int]:
    """(first looks, closer looks, tokens looked at)."""
    seen: list[tuple[str, int]] = []
    first_look, closer_look = encoder.first_look, encoder.closer_look

    def look_first(text: str, *, as_it_is: bool = False) -> encoder.FirstLook:
        look = first_look(text, as_it_is=as_it_is)
        seen.append(("first", look.hidden.shape[1]))
        return look

    def closer(first: encoder.FirstLook) -> encoder.CloserLook:
        seen.append(("closer", first.hidden.shape[1]))
        return closer_look(first)

    encoder.first_look, encoder.closer_look = look_first, closer
    try:
        _forget()
        observe(passages, configuration)
    finally:
        encoder.first_look, encoder.closer_look = first_look, closer_look
    kinds = [kind for kind, _ in seen]
    return kinds.count("first"), kinds.count("closer"), sum(tokens for _, tokens in seen)


def _forget() -> None:
    for remembered in (reader.read, linear.logits, embedding.embed, gloss.in_english, language.foreign):
        remembered.cache_clear()


if __name__ == "__main__":
    main()
