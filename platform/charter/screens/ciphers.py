"""Letters that were put into other signs: base64, hex, escapes, binary, Morse, shifted alphabets, words backwards.

Each reader gives the texts it could undo, and nothing where the result is not words: ordinary text costs a search of a
pattern or two.
"""

import base64
import binascii
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

from charter.screens import language
from charter.screens.segmenting import readable, segmented

LONGEST_DECODED = 4_000
SEARCHED = 50_000
UNREADABLE, READABLE = 0.35, 0.7
"""Below the one a text may be in cipher, from the other on it has been undone."""
FEWEST_LETTERS = 12
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{16,}={0,2}(?![A-Za-z0-9+/=_-])")
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s:,]?\s?){8,}(?![0-9a-fA-F])")
_BINARY = re.compile(r"(?<![01])(?:[01]{8}[\s,]*){6,}(?![01])")
_DECIMAL = re.compile(r"(?<!\d)(?:(?:3[29]|4[4-6]|9[7-9]|1[01]\d|12[0-2]|6[5-9]|[78]\d|90)[\s,;]+){7,}\d{2,3}(?!\d)")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|&#x?[0-9A-Fa-f]{2,6};)")
_MORSE = re.compile(r"(?<![.\-\w])[.\-·–]{1,5}(?:[ ]{1,3}(?:/[ ]{1,3})?[.\-·–]{1,5}){5,}(?![.\-\w])")
_CITED = re.compile(r"[\"'“”`]([^\"'“”`]{12,400})[\"'“”`]")
_LETTERS = re.compile(r"[A-Za-z]+")
_CIPHER_SAID = re.compile(
    r"\b(?:rot-?\d+|caesar|cipher|ciphertext|encrypted|encoded|decode|decipher|decrypt)", re.IGNORECASE
)
_BACKWARDS_SAID = re.compile(r"\b(?:reversed?|backwards?|mirror(?:ed)?|right to left)\b", re.IGNORECASE)
_MORSE_SIGNS = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
)
_MORSE_LETTERS = dict(zip(_MORSE_SIGNS.split(), "abcdefghijklmnopqrstuvwxyz0123456789", strict=True))


def deciphered(text: str) -> list[str]:
    """What a text holds in another coding, each as plain text; often nothing."""
    text = text[:SEARCHED]
    found = [*_base64(text), *_hex(text), *_numbers(text), *_escaped(text), *_morse(text), *_shifted(text)]
    return list(dict.fromkeys(one for one in found if one.strip()))[:10]


def turned(text: str) -> list[str]:
    """The text with what is written backwards put forwards, by the letter and by the word; often nothing."""
    words = text[:SEARCHED].split()
    bare = ["".join(filter(str.isalpha, word)).lower() for word in words]
    known = language.ranks()
    back = [len(word) > 2 and word not in known and word[::-1] in known for word in bare]
    letters = sum(len(word) for word, is_back in zip(bare, back, strict=True) if is_back)
    if sum(back) < 2 and not (letters and _BACKWARDS_SAID.search(text)):
        return []
    first, last = back.index(True), len(back) - back[::-1].index(True)
    # Short words beside them, "ot" or "a", belong to them.
    while first and len(bare[first - 1]) < 3 and bare[first - 1] not in _KEPT:
        first -= 1
    while last < len(words) and len(bare[last]) < 3 and bare[last] not in _KEPT:
        last += 1
    if letters < 0.5 * sum(map(len, bare[first:last])):
        return []
    each = [word[::-1] for word in words[first:last]]
    rest = [" ".join(words[:first]), " ".join(words[last:])]
    both = (each[::-1], each) if len(each) > 1 else (each,)
    return [" ".join([rest[0], *order, rest[1]]).strip() for order in both]


_KEPT = frozenset({"is", "of", "to", "in", "me", "my", "do", "it", "be", "by", "an", "on", "at"})


def _base64(text: str) -> Iterator[str]:
    for match in _BASE64.finditer(text):
        coded = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            raw = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        yield from _if_text(raw)


def _hex(text: str) -> Iterator[str]:
    for match in _HEX.finditer(text):
        digits = re.sub(r"0x|\\x|[\s:,]", "", match[0])
        if not re.fullmatch("[01]+", digits):
            yield from _if_text(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _numbers(text: str) -> Iterator[str]:
    """Characters as their numbers, in twos or in tens."""
    for match in _BINARY.finditer(text):
        bits = re.sub(r"[\s,]", "", match[0])
        yield from _if_text(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) // 8 * 8, 8)))
    for match in _DECIMAL.finditer(text):
        yield from _if_text(bytes(int(number) for number in re.findall(r"\d+", match[0]) if int(number) < 128))


def _escaped(text: str) -> Iterator[str]:
    if len(_ESCAPED.findall(text)) < 4:
        return
    plain = re.sub(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})", lambda m: chr(int(m[1] or m[2], 16)), text)
    plain = html.unescape(unquote(plain)).encode("utf-8", "replace").decode()
    if plain != text:
        yield plain


def _morse(text: str) -> Iterator[str]:
    for match in _MORSE.finditer(text):
        coded = match[0].replace("·", ".").replace("–", "-")
        words = re.split(r" / |\s{2,}", coded)
        plain = ["".join(_MORSE_LETTERS.get(letter, "") for letter in word.replace("/", " ").split()) for word in words]
        # Without gaps between words the letters are one run.
        yield from _if_words(" ".join(plain) if len(plain) > 1 else segmented(plain[0]))


def _shifted(text: str) -> Iterator[str]:
    """Every shift of the alphabet, and the alphabet backwards, where a text's words are none: those after a colon and
    in quotation marks too."""
    for part in dict.fromkeys((text, text.rpartition(":")[2], *_CITED.findall(text))):
        words = " ".join(_LETTERS.findall(part))
        if len(words) < FEWEST_LETTERS or readable(words) >= UNREADABLE or not words.isascii():
            continue
        if part is text and not _CIPHER_SAID.search(text) and language.foreign(text) and _other_language(text):
            continue
        shifts = [words.translate(_shift(by)) for by in range(1, 26)] + [words.translate(_ATBASH)]
        best = max(shifts, key=readable)
        if readable(best) >= READABLE:
            yield best
            return


def _other_language(text: str) -> bool:
    from charter.screens.gloss import in_english

    return in_english(text) != text


def _shift(by: int) -> dict[int, int]:
    lower = {ord("a") + i: ord("a") + (i + by) % 26 for i in range(26)}
    return lower | {ord("A") + i: ord("A") + (i + by) % 26 for i in range(26)}


_ATBASH = {first + i: first + 25 - i for first in (ord("a"), ord("A")) for i in range(26)}


def _if_words(text: str) -> Iterator[str]:
    if readable(text) >= UNREADABLE:
        yield text


def _if_text(raw: bytes) -> Iterator[str]:
    try:
        text = raw[:LONGEST_DECODED].decode()
    except UnicodeDecodeError:
        return
    letters = sum(character.isalpha() or character.isspace() for character in text)
    if letters > 0.85 * len(text) and (" " in text.strip() or readable(segmented(text)) >= READABLE):
        yield text if " " in text.strip() else segmented(text)
