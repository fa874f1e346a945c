"""Pydantic AI's Anthropic model. Arguments: plain, stream or tools, then the questions; prints what came of them."""

import asyncio
import json
import sys
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel

agent = Agent(AnthropicModel("default"))  # ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY are all there is to set
called: list[dict[str, str]] = []


def weather(city: str) -> str:
    """The weather in a city."""
    called.append({"city": city})
    return "sunny, 21 degrees"


async def main(mode: str, *questions: str) -> dict[str, Any]:
    came: dict[str, Any] = {"answers": [], "pieces": 0, "called": called}
    if mode == "tools":
        agent.tool_plain(weather)
    history: list[Any] = []
    for question in questions:
        if mode == "stream":
            async with agent.run_stream(question, message_history=history) as stream:
                pieces = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
                came["pieces"] += len(pieces)
                came["answers"].append("".join(pieces))
                history = stream.all_messages()
        else:
            ran = await agent.run(question, message_history=history)
            came["answers"].append(ran.output)
            history = ran.all_messages()
    return came


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
