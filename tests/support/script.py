"""What a caller asks of the scripted model server: directives such as `[[status:529]]` inside a message's text.

| directive | what the server does |
| --- | --- |
| `[[say:TEXT]]` | answers exactly TEXT (which cannot hold `]]`) |
| `[[empty]]` | answers with no content at all |
| `[[tool:NAME]]`, `[[tool:NAME:{"a":1}]]` | adds a `tool_use` block; without input, one made from the tool's schema |
| `[[thinking]]`, `[[thinking:TEXT]]` | puts a signed thinking block first |
| `[[stop:REASON]]` | ends with this stop reason, for instance `refusal` |
| `[[status:CODE]]`, `[[status:CODE*2]]` | fails, always or only the first two times for this very text |
| `[[retry-after:S]]` | the header of such a failure (default 1 for 429 and 529, else none) |
| `[[stall:S]]`, `[[stall-mid:S]]` | waits before the first byte, or in the middle of the answer |
| `[[drop]]`, `[[cut]]` | closes the socket before the first byte, or in the middle of the answer |
| `[[malformed]]`, `[[malformed:html]]` | sends broken JSON in the middle of the answer, or a page instead of it |
| `[[error-mid]]` | a stream ends in `event: error`, overloaded_error (a plain answer is a 529) |
| `[[end-mid]]` | a stream ends in the middle, in good order but without its last events |
| `[[chunks:N]]`, `[[slow:MS]]` | how many text deltas a stream has, and the wait before each |
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

DIRECTIVE = re.compile(r"\[\[([a-z-]+)(?::(.*?))?\]\]", re.DOTALL)


@dataclass
class Script:
    """One request's directives, read. Times are seconds."""

    prompt: str = ""
    say: str | None = None
    empty: bool = False
    tools: list[tuple[str, dict[str, Any] | None]] = field(default_factory=list)
    thinking: str | None = None
    stop: str | None = None
    status: int | None = None
    status_times: int | None = None
    retry_after: str | None = None
    stall: float = 0.0
    stall_mid: float = 0.0
    drop: bool = False
    cut: bool = False
    malformed: str | None = None
    error_mid: bool = False
    end_mid: bool = False
    chunks: int | None = None
    slow: float = 0.0


FLAGS = {"empty", "drop", "cut", "error-mid", "end-mid"}
VALUES: dict[str, Callable[[str], Any]] = {
    "say": str,
    "thinking": lambda value: value or "The question is simple, so I answer it directly.",
    "stop": str,
    "retry-after": str,
    "stall": float,
    "stall-mid": float,
    "malformed": lambda value: value or "json",
    "chunks": int,
    "slow": lambda value: float(value) / 1000,
}


def parse(text: str) -> Script:
    """The directives in `text`; what is left of it is `prompt`. ValueError names a directive that is not known."""
    script = Script(prompt=DIRECTIVE.sub("", text).strip())
    for name, value in DIRECTIVE.findall(text):
        if name in FLAGS:
            setattr(script, name.replace("-", "_"), True)
        elif name in VALUES:
            setattr(script, name.replace("-", "_"), VALUES[name](value))
        elif name == "tool":
            tool, _, given = value.partition(":")
            script.tools.append((tool, json.loads(given) if given else None))
        elif name == "status":
            code, _, times = value.partition("*")
            script.status, script.status_times = int(code), int(times) if times else None
        else:
            raise ValueError(f"unknown directive [[{name}]]")
    return script
