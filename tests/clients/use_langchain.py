"""langchain-anthropic. Arguments: plain, stream or tools, then the questions; prints what came of them."""

import json
import sys
from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.tools import tool

called: list[dict[str, str]] = []


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    called.append({"city": city})
    return "sunny, 21 degrees"


def main(mode: str, *questions: str) -> dict[str, Any]:
    # ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY are all there is to set.
    plain = ChatAnthropic(model="default", max_tokens=200, max_retries=0)
    model = plain.bind_tools([weather]) if mode == "tools" else plain
    came: dict[str, Any] = {"answers": [], "pieces": 0, "called": called}
    messages: list[BaseMessage] = []
    for question in questions:
        messages.append(HumanMessage(question))
        while True:
            if mode == "stream":
                parts = list(model.stream(messages))
                came["pieces"] += sum(bool(part.text) for part in parts)
                answer: Any = parts[0]
                for part in parts[1:]:
                    answer += part
            else:
                answer = model.invoke(messages)
            messages.append(answer)
            if not answer.tool_calls:
                break
            messages += [weather.invoke(call) for call in answer.tool_calls]
        came["answers"].append(str(answer.text))
    return came


print(json.dumps(main(*sys.argv[1:])))
