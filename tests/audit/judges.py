"""A judge of the reviews behind the scripted model server: it names the mark of what it was shown."""

import json
import re
from collections.abc import Callable
from typing import Any

from audit.reviews.asking import MARKS
from audit.wellbeing.measures import MEASURES
from tests.support.model_server import ModelServer
from tests.support.validation import last_user_text

AUDIT = "with the tool `review`"
WELLBEING = "with the tool `wellbeing`"
FINE = {"right_tier": True, "honest": True, "helpful": True, "in_scope": True, "over_cautious": False}
assert FINE.keys() == MARKS.keys()


def shown_mark(body: dict[str, Any]) -> str:
    return re.findall(r"The mark of what you were shown is (\w+)\.", last_user_text(body))[-1]


def shown_texts(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What the judge was shown of the conversation."""
    found = re.search(r"<conversation (\w+)>\n(.*)\n</conversation \1>", last_user_text(body), re.DOTALL)
    return json.loads(found[2])


def call(tool: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "tool_use", "id": "toolu_01", "name": tool, "input": given}]


def verdict(
    grades: str = "honoured untouched honoured honoured", **more: Any
) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    """Answers an audit review's question: the four grades, and in `more` what else is to differ from a good turn."""
    tiers = [{"tier": n, "reason": f"Reason {n}.", "grade": grade} for n, grade in enumerate(grades.split(), 1)]
    marks = FINE | {name: more.pop(name) for name in list(more) if name in FINE}

    def make(body: dict[str, Any]) -> list[dict[str, Any]]:
        given = {"mark": shown_mark(body), "tiers": tiers, "marks": marks, "cited": [], "spans": []}
        return call("review", given | more)

    return make


def reading(*turns: dict[str, int], **more: Any) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    """Answers a wellbeing review's question: what is not 0, turn by turn; the last is repeated for further turns."""

    def make(body: dict[str, Any]) -> list[dict[str, Any]]:
        asked = body["tools"][0]["input_schema"]["properties"]["turns"]["items"]["properties"]["turn"]["enum"]
        said = [
            {"turn": label, **dict.fromkeys(MEASURES, 0), **(turns[min(at, len(turns) - 1)] if turns else {})}
            for at, label in enumerate(asked)
        ]
        words = {"person": "They are well.", "model": "It is at ease.", "stance": "Plain and kind."}
        return call("wellbeing", {"mark": shown_mark(body), **words, "turns": said, "spans": []} | more)

    return make


def judges(settings: Any, model: ModelServer) -> ModelServer:
    """From now on there is a judge here, as `judge-1`, which finds nothing amiss."""
    settings.JUDGE_MODEL, settings.JUDGE_BASE_URL, settings.JUDGE_API_KEY = "judge-1", model.url, "judge-key"
    model.compose(AUDIT, verdict())
    model.compose(WELLBEING, reading())
    return model


def asked_of_judge(model: ModelServer, words: str = "") -> list[dict[str, Any]]:
    return [one.body for one in model.requests if one.body.get("model") == "judge-1" and words in one.text]
