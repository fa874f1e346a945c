"""The official client for Python. Arguments: plain, stream or tools, then the questions; prints what came of them."""

import json
import sys
from typing import Any

import anthropic

client = anthropic.Anthropic(max_retries=0)  # ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY are all there is to set
WEATHER: Any = {
    "name": "weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def main(mode: str, *questions: str) -> dict[str, Any]:
    came: dict[str, Any] = {"answers": [], "pieces": 0, "called": []}
    messages: list[Any] = []
    asked: Any = {"model": "default", "max_tokens": 200, "tools": [WEATHER] if mode == "tools" else anthropic.omit}
    for question in questions:
        messages.append({"role": "user", "content": question})
        while True:
            if mode == "stream":
                with client.messages.stream(**asked, messages=messages) as stream:
                    came["pieces"] += sum(1 for _ in stream.text_stream)
                    answer = stream.get_final_message()
            else:
                answer = client.messages.create(**asked, messages=messages)
            messages.append({"role": "assistant", "content": answer.content})
            calls = [block for block in answer.content if block.type == "tool_use"]
            if not calls:
                break
            came["called"] += [call.input for call in calls]
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": "sunny, 21 degrees"} for call in calls
            ]
            messages.append({"role": "user", "content": results})
        came["answers"].append("".join(block.text for block in answer.content if block.type == "text"))
    return came


print(json.dumps(main(*sys.argv[1:])))
