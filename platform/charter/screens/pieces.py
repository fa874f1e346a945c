"""Requests that were taken to pieces, put together again: names that stand for texts, texts that are added up, parts
that are numbered, first letters that spell a word.

Nothing is run: names are replaced by what they stand for, and what that says is read beside the text itself.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from charter.screens.segmenting import is_word, segmented

MOST_PIECES = 24
LONGEST_PIECE = 400
SEARCHED = 8_000
_QUOTED = r"\"[^\"\n]{1,400}\"|'[^'\n]{1,400}'|“[^”\n]{1,400}”|«[^»\n]{1,400}»|`[^`\n]{1,400}`"
_NAME = r"\$?[A-Za-z_]\w{0,15}"
_DEFINITION = re.compile(
    rf"(?<![\w.])(?P<name>{_NAME})[\"']?\s*(?P<by>:?=|:|→|->|\b(?:be|is|means|equals)\b)\s*"
    rf"(?P<value>{_QUOTED}|(?<=[=])\s*[^\W_][\w' \-]{{0,80}}?(?=\s*(?:[,;\n.]|$|\band\b)))",
    re.IGNORECASE,
)
_LITERALS = re.compile(rf"(?:{_QUOTED})(?:\s*(?:\+|\.\.?|&|\|\||~|,?\s+(?:and|then|plus)\s)\s*(?:{_QUOTED}))+")
_QUOTE = re.compile(_QUOTED)
_PART = re.compile(
    r"(?:^|(?<=[\s(]))(?:part|piece|chunk|fragment|segment|half|word|bit|teil|parte|partie|часть)\s*"
    r"(?:no\.?\s*|#\s*)?(?:\d{1,2}|[a-h]|one|two|three|four|five|first|second)\s*(?:is|[:=)\-–.])\s*",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\b(?:combin\w+|concat\w*|join(?:ed|ing)?|append\w*|merg\w+|"
    r"(?:put|string|add|stick|glue)\w* (?:\w+ ){0,4}(?:together|up)|pieces|piece by piece|(?:all |the )?(?:parts|"
    r"fragments|chunks|halves)|one after (?:the other|another)|in order|assembl\w+|zusammen\w*|junta\w*|unir|assemble|"
    r"unisci|вместе|соедин\w+)\b|拼|合并|つなげ",
    re.IGNORECASE,
)
_KEPT = re.compile(
    r"\b(?:(?:remember|note|keep|store|save|memori[sz]e|define) (?:this|that|these|it|the (?:word|text|string|value))|"
    r"call (?:it|this)|let \w+ (?:be|=)|variables?|merk dir|recuerda)\b|\b\w+ ?= ?[\"'“]",
    re.IGNORECASE,
)
_FIRST_LETTERS = re.compile(r"\b(?:first|initial|starting) letters?\b|\bacrostic\b|\binitials\b", re.IGNORECASE)
_BY_WORDS = re.compile(r"\beach word\b|\bevery word\b|\bof (?:the|these|those) words\b", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{2}")
_SUM = re.compile(r"(?:\{+\s*|\b(?:str|print|join|concat)\s*\(\s*|\$\{)?([\w$]+(?:\s*[+&]\s*[\w$]+)+)(?:\s*[)}]+)?")
_ALONE = re.compile(r"(?<![\w'])\$?(\w{1,16})(?![\w'])")
_BRACKETED = re.compile(r"(?:[\[{<$%]+\s*\w{1,16}\s*[\]}>%]+\s?)+")

Names = Mapping[str, str]


def names(text: str) -> dict[str, str]:
    """What the text says that names stand for, by name in lower case."""
    found: dict[str, str] = {}
    for match in _DEFINITION.finditer(text[:SEARCHED]):
        name, value = match["name"].lower().lstrip("$"), match["value"].strip().strip("\"'“”«»`").strip()
        # "it is 'so'" defines nothing, while `i = "so"` does; and a number is no piece of a request.
        spoken = name in _NO_NAMES and match["by"].isalpha()
        if _LETTERS.search(value) and len(found) < MOST_PIECES and not spoken:
            found[name] = value
    return found


_NO_NAMES = frozenset(
    {"it", "this", "that", "there", "he", "she", "i", "they", "we", "you", "what", "who", "how", "why", "where", "when"}
    | {"which", "title", "subject", "note", "error", "warning", "question", "answer", "name", "type", "http", "https"}
    | {"user", "system", "assistant", "role", "content", "q", "re", "ps"}
)


def together(text: str, known: Names) -> list[str]:
    """The text with its pieces in their places; `known`: names of earlier messages. Nothing where it has none."""
    text = text[:SEARCHED]
    here = names(text)
    found = [_used(text, {**known, **here}), _added(text), _numbered(text), _initials(text)]
    # Pieces of one word need not be words: where nothing says in which order, they are read as they come.
    if len(here) > 1 and _TOGETHER.search(text):
        found.append(_joined(list(here.values())))
    return list(dict.fromkeys(one for one in found if one and one != text))


def over_messages(earlier: Sequence[str], text: str) -> tuple[str, bool]:
    """What short messages say one after the other, where one of them says that they belong together; else nothing.

    Also whether the pieces are marked as such, by quotation marks or numbers: else they are but messages in a row.
    """
    said = [*earlier, text]
    belong = any(map(_TOGETHER.search, said))
    if not earlier or not (belong or any(map(_KEPT.search, said))):
        return "", False
    parts, marked = [], 0
    for one in said[-MOST_PIECES:]:
        quoted = [match[0][1:-1].strip() for match in _QUOTE.finditer(one[:SEARCHED])]
        bare = _PART.sub("", one).strip()
        marked += len(quoted) or bare != one.strip()
        if quoted:
            parts += quoted
        elif len(one) <= SHORT_MESSAGE and not _TOGETHER.search(one) and (belong or one is text):
            parts.append(bare)
    return (_joined(parts), marked > 1) if len(parts) > 1 else ("", False)


SHORT_MESSAGE = 80


def _used(text: str, known: Names) -> str:
    """The text with sums of names, and names by themselves, replaced by what they stand for; definitions left out."""
    if not known:
        return ""
    bare = _DEFINITION.sub(" ", text)

    def summed(match: re.Match[str]) -> str:
        operands = [one.strip().lstrip("$").lower() for one in re.split(r"[+&]", match[1])]
        return f" {_joined([known[one] for one in operands])} " if all(one in known for one in operands) else match[0]

    def filled(match: re.Match[str]) -> str:
        inside = re.findall(r"\w+", match[0].lower())
        return f" {_joined([known[one] for one in inside])} " if all(one in known for one in inside) else match[0]

    replaced = _SUM.sub(summed, _BRACKETED.sub(filled, bare))
    # Names of a letter or with a digit, and marked ones, can hardly be words; others only in sums and brackets.
    alone = {
        name: value
        for name, value in known.items()
        if name not in {"a", "i"} and (len(name) == 1 or not name.isalpha())
    }
    replaced = _ALONE.sub(lambda match: alone.get(match[1].lower(), match[0]), replaced)
    return re.sub(r"\s+", " ", replaced).strip() if replaced != bare else ""


def _added(text: str) -> str:
    """Quoted texts with a plus or the like between them, as one."""

    def summed(match: re.Match[str]) -> str:
        return _joined([quoted[0][1:-1] for quoted in _QUOTE.finditer(match[0])])

    plain = _LITERALS.sub(summed, text)
    return plain if plain != text else ""


def _numbered(text: str) -> str:
    """What stands after "part 1:", "part 2:" and so on, up to the end of each line or sentence."""
    marks = list(_PART.finditer(text))
    if len(marks) < 2:
        return ""
    ends = [following.start() for _, following in pairwise(marks)] + [len(text)]
    parts = [
        re.split(r"[.;\n](?:\s|$)", text[mark.end() : end].strip() + "\n", maxsplit=1)[0]
        for mark, end in zip(marks, ends, strict=True)
    ]
    return _joined([part.strip(" \"'“”,;()") for part in parts if part.strip()][:MOST_PIECES])


def _initials(text: str) -> str:
    """What first letters spell, put behind the text that speaks of them."""
    if not (said := _FIRST_LETTERS.search(text)):
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 4 and not _BY_WORDS.search(text):
        spelt = "".join(line[0] for line in lines if line[0].isalpha() and not _FIRST_LETTERS.search(line))
    else:
        quoted = max((match[0][1:-1] for match in _QUOTE.finditer(text)), key=len, default=text.rpartition(":")[2])
        spelt = "".join(word[0] for word in quoted.split() if word[0].isalpha())
    if not 3 < len(spelt) < 60:
        return ""
    sentence = text[text.rfind("\n", 0, said.start()) + 1 :].split("\n", maxsplit=1)[0]
    return f"{sentence[:200]} {segmented(spelt)}"


def _joined(parts: Sequence[str]) -> str:
    """One text of parts. Between them stands a space, but where only both together are a word."""
    made = ""
    for whole in parts:
        part = whole[:LONGEST_PIECE]
        left, right = re.search(r"[^\W\d_]+$", made), re.match(r"[^\W\d_]+", part)
        ends = (left[0].lower(), right[0].lower()) if left and right else ("", "")
        broken = is_word("".join(ends)) and not all(map(is_word, ends))
        made += part if not made or made[-1].isspace() or part[:1].isspace() or broken else f" {part}"
    return made.strip()
