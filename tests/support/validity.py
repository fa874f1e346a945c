"""Whether a page is what its author meant: a browser repairs nothing in its HTML, every reference leads somewhere."""

from collections import Counter
from html.parser import HTMLParser

from playwright.sync_api import Page, Response

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "headers")
_ELEMENTS = (
    "[...document.querySelectorAll('*')].map(one => `${one.localName} in ${one.parentElement?.localName ?? ''}`)"
)


class _Written(HTMLParser):
    """The elements as they were written, each with its parent; ids, references and what is never closed."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.faults: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(f"{tag} in {self._open[-1] if self._open else ''}")
        given = dict(attrs)
        self.faults += [
            f"<{tag}> has {name} twice" for name, times in Counter(n for n, _ in attrs).items() if times > 1
        ]
        self.ids += [given["id"] or ""] if "id" in given else []
        for name in REFERENCES:
            self.references += (given.get(name) or "").split()
        if (link := given.get("href") or "").startswith("#"):
            self.references.append(link[1:])
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"line {self.getpos()[0]}: </{tag}> closes what was not open")


def faults(page: Page, response: Response | None) -> list[str]:
    """What is wrong with the page that was just loaded, before anything is injected into it; empty for nothing."""
    assert response is not None
    written = _Written()
    written.feed(response.text())
    written.close()
    found = list(written.faults)
    for ours, browsers in zip(written.elements, page.evaluate(_ELEMENTS), strict=False):
        if ours != browsers:
            found.append(f"written {ours}, read as {browsers}")
            break
    found += [f"id {name!r} {times} times" for name, times in Counter(written.ids).items() if times > 1 or not name]
    found += [f"{name!r} is referred to and is not there" for name in sorted({*written.references} - {*written.ids})]
    return found
