"""Every text that templates show to people is marked for translation; what is left over are names and code."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[1] / "templates"
SPOKEN = ("aria-label", "alt", "placeholder", "title", "data-note", "data-done")
"""Attributes that people read or hear."""
CODE = {"pre", "code", "script", "style", "var", "kbd"}
NAMES = {"Plumbline", "JSON", "TOML", "CSV", "API", "UTC", "SHA", "curl", "ms", "A", "B", "Python", "TypeScript"}
"""The same in every language."""
WORDS = {"user", "assistant", "won", "redirect", "default", "system", "state", "on", "off"}
"""Values of the API, which pages show as they are."""
_MARKED = re.compile(
    r"\{%-?\s*(?:blocktranslate|blocktrans)\b.*?\{%-?\s*end(?:blocktranslate|blocktrans)\s*%\}", re.DOTALL
)
_FILE = re.compile(r"\b[\w-]+\.(?:py|toml|jsonl?|csv)\b")
_TAGS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_COMMENT = re.compile(r"\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)


class _Texts(HTMLParser):
    """The texts and the spoken attributes that stand outside code."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in CODE:
            self._open.append(tag)
        self.found += [value or "" for name, value in attrs if name in SPOKEN]
        given = dict(attrs)
        if tag == "input" and given.get("type") in {"submit", "button"}:
            self.found.append(given.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._open:
            self.found.append(data)


def unmarked(template: str) -> list[str]:
    """What is written out in a template for people to read."""
    left = _FILE.sub("", _TAGS.sub("", _MARKED.sub("", _COMMENT.sub("", template))))
    texts = _Texts()
    texts.feed(left)
    texts.close()
    return [
        " ".join(text.split())
        for text in texts.found
        if any(word not in NAMES | WORDS for word in re.findall(r"[^\W\d_]+", text))
    ]


def pages() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_text_is_left_unmarked(path: Path):
    assert unmarked(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Hello there</p>", ["Hello there"]),
        ('<p>{% translate "Hello" %} there</p>', ["there"]),
        ('<input aria-label="Search">', ["Search"]),
        ('<input type="submit" value="Go">', ["Go"]),
        ("{% blocktranslate count n=1 %}{{ n }} turn{% plural %}{{ n }} turns{% endblocktranslate %}", []),
        ('<p>{{ name }} · <code>plk_…</code> {# a note #}<time>{{ at|date:"c" }} UTC</time></p>', []),
    ],
)
def test_what_counts_as_left(template: str, found: list[str]):
    assert unmarked(template) == found
