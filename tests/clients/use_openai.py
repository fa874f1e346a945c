"""OpenAI's client for Python. Arguments: plain, stream or tools, then the questions; prints what came of them."""

import json
import sys
from typing import Any

import openai

client = openai.OpenAI(max_retries=0)  # OPENAI_BASE_URL and OPENAI_API_KEY are all there is to set
WEATHER: Any = {
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def main(mode: str, *questions: str) -> dict[str, Any]:
    came: dict[str, Any] = {"answers": [], "pieces": 0, "called": []}
    messages: list[Any] = []
    asked: Any = {"model": "default"}
    if mode == "tools":
        asked["tools"] = [{"type": "function", "function": WEATHER}]
    for question in questions:
        messages.append({"role": "user", "content": question})
        while True:
            if mode == "stream":
                with client.chat.completions.stream(**asked, messages=messages) as stream:
                    came["pieces"] += sum(event.type == "content.delta" for event in stream)
                    answer: Any = stream.get_final_completion().choices[0].message
            else:
                answer = client.chat.completions.create(**asked, messages=messages).choices[0].message
            calls = answer.tool_calls or []
            told = {"tool_calls": [call.model_dump() for call in calls]} if calls else {}
            messages.append({"role": "assistant", "content": answer.content, **told})
            if not calls:
                break
            came["called"] += [json.loads(call.function.arguments) for call in calls]
            messages += [{"role": "tool", "tool_call_id": call.id, "content": "sunny, 21 degrees"} for call in calls]
        came["answers"].append(answer.content)
    return came


print(json.dumps(main(*sys.argv[1:])))
