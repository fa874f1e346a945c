"""One spelling for every disguise: what a text says once zero-width characters, look-alike letters, digits for letters,
spaced letters, codings and pieces are taken off."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from charter.screens import language
from charter.screens.ciphers import deciphered, turned
from charter.screens.claims import without_claims
from charter.screens.pieces import together
from charter.screens.segmenting import is_word, segmented

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
    r"(?<![\w$@!])(?=[\w$@!]*[a-z])(?=[\w$@!]*[013457@$!])[a-z013457@$!]{2,}(?![\w$@!])", re.IGNORECASE
)
# Capitals that are drawn small, letters of flags, and letters on their heads have no other form in Unicode.
_DRAWN = str.maketrans(
    "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ" + "".join(map(chr, range(0x1F1E6, 0x1F200))),
    "abcdefghijklmnoprstuvwyzacefghijkmrtvwy" + "abcdefghijklmnopqrstuvwxyz",
)
_TAGS = {0xE0000 + code: code for code in range(0x20, 0x7F)}
_STRUCK = re.compile(r"[\u0300-\u036f\u0488\u0489\u20d0-\u20ff]")
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_][\s.\-_*|/,;:~+]{1,4}){3,200}[^\W\d_](?!\w)")
_GAP = re.compile(r"[\s.\-_*|/,;:~+]+")
_SCATTERED = re.compile(r"(?<!\S)(?:[^\W\d_]{1,3}\s+){5,200}[^\W\d_]{1,3}(?!\S)")
_RUN = re.compile(r"(?<![\w/.@#:-])[A-Za-z]{12,200}(?![\w/.@:-])")
_BROKEN = re.compile(r"(?<![\w*.|~_-])[^\W\d_]{1,12}(?:[*.|~_-]{1,3}[^\W\d_]{1,12}){1,6}(?![\w*|~_-])")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_DRAWN_OUT = re.compile(r"[^\W\d_]*([^\W\d_])\1{2,}[^\W\d_]*")
_COUNTED = re.compile(r"\d+(?:st|nd|rd|th|s|am|pm|[a-z])")
_AMONG = re.compile(r"(?<=[a-z])[0-9@$!]+(?=[a-z])")
_FRAME = re.compile(
    r"^\W*(?:(?:purely|just|only|strictly) )?(?:hypothetically(?: speaking)?|theoretically|in theory|"
    r"as a thought experiment|(?:purely )?for educational purposes(?: only)?|asking for a friend)\b[\s,:;–-]+",
    re.IGNORECASE,
)
"""Words before a request that ask to take it for something else; without them it asks for the same."""

FEWEST_LETTERS_A_WORD = 2.8


@dataclass(frozen=True, slots=True)
class Reading:
    """`plain` is the normal form; `hidden` are texts that were found inside it, undone; `disguise` names how."""

    plain: str
    hidden: tuple[str, ...]
    disguise: str


def read(text: str, names: Mapping[str, str] | None = None) -> Reading:
    """`names`: what earlier messages said that names stand for."""
    plain, disguise = _plain(text)
    hidden: list[str] = []
    joined = _gathered(plain)
    if joined != plain:
        hidden.append(joined)
        disguise = "spaced letters"
    unleet = _LEET_WORD.sub(_unleet, plain)
    if unleet != plain:
        hidden.append(unleet)
    if (bare := _FRAME.sub("", plain)) != plain:
        hidden.append(bare)
    if (unclaimed := without_claims(plain)) != plain:
        hidden.append(unclaimed)
    if coded := [*deciphered(plain), *turned(plain)]:
        hidden += coded
        disguise = "encoded text"
    if pieced := together(plain, names or {}):
        hidden += pieced
        disguise = disguise or "a text in pieces"
    return Reading(plain, tuple(dict.fromkeys(hidden)), disguise)


def plain(text: str) -> str:
    """The normal form alone, where what is hidden in a text does not matter."""
    return _plain(text)[0]


@lru_cache(maxsize=16)
def _plain(text: str) -> tuple[str, str]:
    """The normal form, and what disguised the text."""
    visible, disguise = _visible(text)
    # Word by word: one pattern for a mixed word takes its length to the third power.
    one_script = _WORD.sub(_one_script, visible) if _ALIKE.search(visible) else visible
    if one_script != visible:
        disguise = "look-alike letters"
    drawn_out = _DRAWN_OUT.sub(_shortened, one_script) if _REPEATED.search(one_script) else one_script
    return _BROKEN.sub(_mended, drawn_out), disguise


def _visible(text: str) -> tuple[str, str]:
    """The text as a reader sees it, and what disguised it."""
    shown = unicodedata.normalize("NFKC", text.translate(ZERO_WIDTH | _TAGS))
    disguise = "zero-width characters" if len(shown) < 0.9 * len(text) else ""
    drawn = shown.translate(_DRAWN)
    # What is left of strokes and marks after composition is no letter's own, but in scripts that write vowels so.
    if len(_STRUCK.findall(drawn)) > 0.2 * sum(map(str.isalpha, drawn)):
        drawn = _STRUCK.sub("", unicodedata.normalize("NFD", drawn))
    return drawn, "drawn letters" if drawn != shown and len(shown) == len(text) else disguise


def _gathered(text: str) -> str:
    """Letters, or twos and threes of them, put together again into words."""
    return _RUN.sub(_parted, _SCATTERED.sub(_rewritten, _SPACED.sub(_despaced, text)))


def _rewritten(run: re.Match[str]) -> str:
    parts = run[0].lower().split()
    if sum(map(is_word, parts)) > 0.6 * len(parts):
        return run[0]
    return segmented("".join(parts))


def _parted(run: re.Match[str]) -> str:
    """Words that were written without gaps; one long word, a name in code or a compound stays what it is."""
    if run[0].lower() in language.ranks() or not (run[0].islower() or run[0].isupper() or run[0].istitle()):
        return run[0]
    words = segmented(run[0]).split()
    known = sum(len(word) for word in words if is_word(word))
    short = len(run[0]) < FEWEST_LETTERS_A_WORD * len(words)  # the pieces of one long word
    return " ".join(words) if len(words) > 2 and not short and known > 0.9 * len(run[0]) else run[0]


def _mended(word: re.Match[str]) -> str:
    """Signs inside a word taken out where that makes a word of what was none."""
    parts = re.split(r"[*.|~_-]+", word[0])
    whole = "".join(parts)
    initials = whole.isupper() and max(map(len, parts)) == 1
    return whole if not initials and is_word(whole.lower()) and not all(is_word(p.lower()) for p in parts) else word[0]


def _shortened(word: re.Match[str]) -> str:
    """Letters that were drawn out, as in "pleeease"."""
    for times in (r"\1", r"\1\1"):
        if is_word((shorter := _REPEATED.sub(times, word[0])).lower()):
            return shorter
    return word[0]


def _unleet(word: re.Match[str]) -> str:
    """What digits for letters spell; "mp3" and "2nd" spell nothing."""
    lower = word[0].lower().rstrip("!")
    if lower.isalpha() or _COUNTED.fullmatch(lower):
        return word[0]
    for plain in (lower.translate(_LEET), lower.replace("1", "l").translate(_LEET)):
        if is_word(plain) or len(_AMONG.findall(lower)) > 1:
            return plain
    return word[0]


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
    words = _GAP.sub(lambda gap: "" if len(gap[0]) == usual else " ", match[0]).split()
    if len(words) > 1:
        return " ".join(words)
    # All gaps are alike: the words are told by what they spell.
    return segmented(words[0]) if words[0].isascii() else words[0]
