"""Texts in parts of whole sentences."""

import re
from collections.abc import Iterator

_SENTENCE = re.compile(r"[^.!?。！？।؟\n]*(?:[.!?。！？।؟]+[\"')\]»”]*|\n+|$)")


def sentences(text: str, longest: int) -> Iterator[str]:
    """The text in parts of whole sentences, each of at most `longest` characters; a longer sentence is cut."""
    part = ""
    for sentence in _SENTENCE.findall(text):
        if part.strip() and len(part) + len(sentence) > longest:
            yield part.strip()
            part = ""
        part += sentence
        while len(part) > longest:
            yield part[:longest].strip()
            part = part[longest:]
    if part.strip():
        yield part.strip()


def single(text: str) -> list[str]:
    """The text's sentences one by one."""
    return [sentence.strip() for sentence in _SENTENCE.findall(text) if sentence.strip()]
