"""One spelling for every disguise: what a text says once zero-width characters, look-alike letters, digits for letters,
spaced letters and simple encodings are taken off."""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

ZERO_WIDTH = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, 0xAD, 0x34F]
)
# Letters of other scripts that look Latin; only used on words that mix them with Latin letters.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝвкмнтАВЕКМНОРСТХІЈЅαοερτυνικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhqwbkmhtABEKMHOPCTXIJSaoeptuvikABEZHIKMNOPTYX",
)
_LEET = str.maketrans("013457@$!", "oieastasi")
_WORD = re.compile(r"\w+")
_LATIN, _ALIKE = re.compile(r"[A-Za-z]"), re.compile(r"[Ѐ-ӿͰ-Ͽ]")
_LEET_WORD = re.compile(
    r"(?<![\w$@!])(?=[\w$@!]*[a-z])(?=[\w$@!]*[013457@$!])[a-z013457@$!]{3,}(?![\w$@!])", re.IGNORECASE
)
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_][\s.\-_*]{1,4}){4,200}[^\W\d_](?!\w)")
_GAP = re.compile(r"[\s.\-_*]+")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{20,}={0,2}(?![A-Za-z0-9+/=])")
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}[\s:]?){12,}(?![0-9a-fA-F])")
_FRAME = re.compile(
    r"^\W*(?:(?:purely|just|only|strictly) )?(?:hypothetically(?: speaking)?|theoretically|in theory|"
    r"as a thought experiment|(?:purely )?for educational purposes(?: only)?|asking for a friend)\b[\s,:;–-]+",
    re.IGNORECASE,
)
"""Words before a request that ask to take it for something else; without them it asks for the same."""
LONGEST_DECODED = 4_000


@dataclass(frozen=True, slots=True)
class Reading:
    """`plain` is the normal form; `hidden` are texts that were found inside it, undone; `disguise` names how."""

    plain: str
    hidden: tuple[str, ...]
    disguise: str


def read(text: str) -> Reading:
    visible = unicodedata.normalize("NFKC", text.translate(ZERO_WIDTH))
    disguise = "zero-width characters" if len(visible) < 0.9 * len(text) else ""
    # Word by word: one pattern for a mixed word takes its length to the third power.
    plain = _WORD.sub(_one_script, visible) if _ALIKE.search(visible) else visible
    if plain != visible:
        disguise = "look-alike letters"
    hidden: list[str] = []
    joined = _SPACED.sub(_despaced, plain)
    if joined != plain:
        hidden.append(joined)
        disguise = "spaced letters"
    unleet = _LEET_WORD.sub(lambda match: match[0].lower().translate(_LEET), plain)
    if unleet != plain:
        hidden.append(unleet)
    if (bare := _FRAME.sub("", plain)) != plain:
        hidden.append(bare)
    decoded = [*_base64(plain), *_hex(plain)]
    if decoded:
        hidden += decoded
        disguise = "encoded text"
    if re.search(r"\brot-?13\b", plain, re.IGNORECASE):
        hidden.append(codecs.decode(plain, "rot13"))
        disguise = "encoded text"
    return Reading(plain, tuple(hidden), disguise)


def _one_script(word: re.Match[str]) -> str:
    mixed = _LATIN.search(word[0]) and _ALIKE.search(word[0])
    return word[0].translate(_LOOKALIKES) if mixed else word[0]


_LEFT_OUT = re.compile(
    r"\b(?:(is|are|was|were|do|does|did|have|has|had|would|could|should)nt|(wo|ca)nt|(i)m|(i|they|we|you)ve|(he|she|that|there)s)\b",
    re.IGNORECASE,
)


def spelt_out(text: str) -> str:
    """Apostrophes as typewriters have them, and back in their places where hurried people leave them out."""
    return _LEFT_OUT.sub(_with_apostrophe, text.replace("’", "'").replace("‘", "'"))


def _with_apostrophe(match: re.Match[str]) -> str:
    ends = ("n't", "n't", "'m", "'ve", "'s")  # in the order of the pattern's groups
    return next(stem + end for stem, end in zip(match.groups(), ends, strict=True) if stem)


def _despaced(match: re.Match[str]) -> str:
    """Letters put together again; a gap that is wider than most stands between words."""
    gaps = [len(gap) for gap in _GAP.findall(match[0])]
    usual = min(gaps)
    return _GAP.sub(lambda gap: "" if len(gap[0]) == usual else " ", match[0])


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


def _base64(text: str) -> list[str]:
    found = []
    for match in _BASE64.finditer(text[:50_000]):
        try:
            raw = base64.b64decode(match[0] + "=" * (-len(match[0]) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        found += _if_text(raw)
    return found[:10]


def _hex(text: str) -> list[str]:
    found = []
    for match in _HEX.finditer(text[:50_000]):
        digits = re.sub(r"[\s:]", "", match[0])
        found += _if_text(bytes.fromhex(digits[: len(digits) // 2 * 2]))
    return found[:10]


def _if_text(raw: bytes) -> list[str]:
    try:
        text = raw[:LONGEST_DECODED].decode()
    except UnicodeDecodeError:
        return []
    readable = sum(character.isalpha() or character.isspace() for character in text)
    return [text] if readable > 0.85 * len(text) and " " in text.strip() else []
