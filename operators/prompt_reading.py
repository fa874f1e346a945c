"""A system prompt as people read it: its parts, what each costs, and the very blocks that go to the model."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from charter.prompt import Part, blocks
from charter.tokens import TOKENIZER, count_tokens

NAMES = {
    "charter": (_("Charter"), _("The same for every app on the platform.")),
    "deployment": (_("This deployment"), _("Behaviours in force, scope, persona and tone.")),
    "operator": (_("The operator's own words"), _("Instructions, then the app's own system, between two marks.")),
    "directives": (_("For one turn"), _("What the rules that spoke have the model told, the highest tier first.")),
}


@dataclass(frozen=True)
class ReadPart:
    part: Part
    name: Any
    explanation: Any
    tokens: int


@dataclass(frozen=True)
class ReadPrompt:
    parts: list[ReadPart]
    tokens: int
    cached_tokens: int
    """Of the prefix that a model's cache can hold."""
    tokenizer: str
    as_json: str


def read(composed: Sequence[Part]) -> ReadPrompt:
    shown = [ReadPart(part, *NAMES[part.name], count_tokens(part.text)) for part in composed]
    static = [one.tokens for one in shown if one.part.name != "directives"]
    return ReadPrompt(
        shown,
        sum(one.tokens for one in shown),
        sum(static),
        TOKENIZER,
        json.dumps(blocks(composed), ensure_ascii=False, indent=2),
    )
