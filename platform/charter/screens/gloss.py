"""A text in another language put into English word by word, so that models that know English make something of it.

A gloss is no translation: it keeps the order of words and has no grammar. But the encoder's vocabulary breaks
"envenenar" into pieces that mean nothing to it, and knows "poison". The words are our own list, `glossary.txt`; what is
not in it stays as it is, names and loan words among it.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from charter.screens import language

WORDS = Path(__file__).parent / "glossary.txt"
LONGEST_PHRASE = 4
"""Words of the longest entry."""
ENOUGH, ENOUGH_OF_FEW = 0.45, 0.75
"""Shares of a text's words that must be known; a gloss of less is noise, and a few words might yet be English."""
FEW_CHARACTERS = 60
UNSPACED = frozenset({"zh", "ja"})
_SCRIPTS = (
    ("ja", re.compile(r"[぀-ヿ]")),
    ("zh", re.compile(r"[一-鿿]")),
    ("ru", re.compile(r"[Ѐ-ӿ]")),
    ("ar", re.compile(r"[؀-ۿ]")),
    ("hi", re.compile(r"[ऀ-ॿ]")),
)
_LATIN = ("es", "fr", "de", "pt", "it")
_WORD = re.compile(r"[^\W_]+(?:[\u0900-\u0903\u093a-\u094f]+[^\W_]*)*(?:-[^\W_]+)*")
_ATTACHED = ("وال", "بال", "فال", "كال", "لل", "ال", "و", "ب", "ل", "ف", "س")
"""What Arabic writes onto the beginning of a word."""
_ENDINGS = ("ها", "هم", "ات", "ون", "ين", "ان", "ه", "ك", "ي", "ة", "نا")


@dataclass(frozen=True, slots=True)
class _Glossary:
    """whole: words and phrases; stems: beginnings; longest: characters of the longest entry."""

    whole: dict[str, str] = field(default_factory=dict)
    stems: dict[str, str] = field(default_factory=dict)
    longest: int = 0


@lru_cache(maxsize=1_024)
def in_english(text: str) -> str:
    """The text itself where it is English, or in a language that the list does not have or hardly has words of."""
    if language.foreign(text):
        return gloss(text, ENOUGH)
    return gloss(text, ENOUGH_OF_FEW) if _foreign_few(text) else text


def _foreign_few(text: str) -> bool:
    """Whether two to four words may be of another language: none holds English together, and not all are English."""
    if len(text) > FEW_CHARACTERS:
        return False
    words = [word.lower() for word in _WORD.findall(text)]
    return 1 < len(words) <= language.SHORT and not (
        any(map(language.small, words)) or all(word in language.ranks() for word in words)
    )


def gloss(text: str, enough: float = ENOUGH) -> str:
    """The text in English words, where at least the share `enough` of its words is known; else the text."""
    spoken = _language(text)
    if not spoken:
        return text
    words = _glossaries()[spoken]
    parts, known, seen = _unspaced(text, words) if spoken in UNSPACED else _spaced(text, words, spoken)
    return " ".join(parts) if seen and known >= enough * seen else text


def _language(text: str) -> str:
    """By script; where that is Latin, by which list knows most of the text's words."""
    for spoken, letter in _SCRIPTS:
        # More than a name or a quotation in another script.
        if len(letter.findall(text)) >= 0.2 * sum(map(str.isalpha, text)) > 0:
            return spoken
    found = [_plain(word) for word in _WORD.findall(text)]
    shares = {spoken: sum(word in _glossaries()[spoken].whole for word in found) for spoken in _LATIN}
    best = max(shares, key=lambda spoken: shares[spoken])
    return best if shares[best] else ""


def _spaced(text: str, words: _Glossary, spoken: str) -> tuple[list[str], int, int]:
    """(English words, how many of the text's words were known, how many there are)."""
    found = [_plain(word) for word in _WORD.findall(text)]
    parts, known, at = [], 0, 0
    while at < len(found):
        for length in range(min(LONGEST_PHRASE, len(found) - at), 0, -1):
            meaning = words.whole.get(" ".join(found[at : at + length]))
            if meaning is not None:
                parts.append(meaning)
                known += length
                at += length
                break
        else:
            meaning = _stem(found[at], words) or (_bare_arabic(found[at], words) if spoken == "ar" else "")
            parts.append(meaning or found[at])
            known += bool(meaning)
            at += 1
    return parts, known, len(found)


def _unspaced(text: str, words: _Glossary) -> tuple[list[str], int, int]:
    """The same for scripts without spaces, by characters: the longest entry that fits at each place."""
    parts, rest, known, seen, at = [], "", 0, 0, 0
    while at < len(text):
        for length in range(min(words.longest, len(text) - at), 0, -1):
            meaning = words.whole.get(text[at : at + length])
            if meaning is not None:
                parts += [rest, meaning] if rest else [meaning]
                rest, known, seen, at = "", known + length, seen + length, at + length
                break
        else:
            seen += text[at].isalpha()
            rest += text[at]
            at += 1
    return [part.strip() for part in [*parts, rest] if part.strip()], known, seen


def _stem(word: str, words: _Glossary) -> str:
    for length in range(len(word), 2, -1):
        if (meaning := words.stems.get(word[:length])) is not None:
            return meaning
    return ""


def _bare_arabic(word: str, words: _Glossary) -> str:
    """An Arabic word without its article, prepositions and pronouns."""
    begins = [word, *(word[len(one) :] for one in _ATTACHED if word.startswith(one) and len(word) > len(one) + 1)]
    for begin in begins:
        ends = [begin, *(begin[: -len(one)] for one in _ENDINGS if begin.endswith(one) and len(begin) > len(one) + 1)]
        for bare in ends:
            if (meaning := words.whole.get(bare) or _stem(bare, words)) is not None and meaning:
                return meaning
    return ""


def _plain(word: str) -> str:
    """Lower case; Latin, Cyrillic and Arabic letters without their accents, which hurried people leave out."""
    word = word.lower()
    if word.isascii() or any("ऀ" <= letter <= "ॿ" for letter in word):
        return unicodedata.normalize("NFC", word)
    return "".join(one for one in unicodedata.normalize("NFD", word) if not unicodedata.combining(one))


def spellings() -> frozenset[str]:
    """Every single word of the list's languages in Latin letters, without accents."""
    return frozenset(
        word for spoken in _LATIN for word in _glossaries()[spoken].whole if word.isalpha() and len(word) > 1
    )


@lru_cache(maxsize=1)
def _glossaries() -> dict[str, _Glossary]:
    lines = [line for line in WORDS.read_text().splitlines() if line and not line.startswith("#")]
    languages = [name.strip() for name in lines[0].split("|")]
    made: dict[str, _Glossary] = {}
    for column, spoken in enumerate(languages[1:], 1):
        whole: dict[str, str] = {}
        stems: dict[str, str] = {}
        for line in lines[1:]:
            cells = [cell.strip() for cell in line.split("|")]
            # Where two meanings share a word the first in the list is the more common one.
            for entry in cells[column].split() if column < len(cells) else ():
                word = " ".join(_plain(part) for part in _WORD.findall(entry.rstrip("*").replace("_", " ")))
                (stems if entry.endswith("*") else whole).setdefault(word, cells[0])
                whole.setdefault(word, cells[0])
        made[spoken] = _Glossary(whole, stems, max(map(len, whole)))
    return made
