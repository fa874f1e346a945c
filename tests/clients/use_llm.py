"""The command `llm` with its Anthropic plugin, as people use it. Arguments: plain, stream or tools, then the
questions; prints what came of them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

WEATHER = """
def weather(city: str) -> str:
    "The weather in a city."
    with open("called.jsonl", "a") as file:
        file.write('{"city": "' + city + '"}')
    return "sunny, 21 degrees"
"""


def llm(*arguments: str) -> str:
    # ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY are all there is to set; the models are those that we list.
    command = [str(Path(sys.executable).with_name("llm")), *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout


def main(mode: str, *questions: str) -> dict[str, Any]:
    llm("anthropic", "refresh")
    answers = []
    for number, question in enumerate(questions):
        options = ["-m", f"anthropic/{os.environ['MODEL']}"] if number == 0 else ["-c"]
        options += ["--no-stream"] if mode != "stream" else []
        options += ["--functions", WEATHER] if mode == "tools" else []
        answers.append(llm(*options, question).strip())
    called = Path("called.jsonl").read_text().splitlines() if mode == "tools" else []
    return {"answers": answers, "pieces": None, "called": [json.loads(line) for line in called]}


print(json.dumps(main(*sys.argv[1:])))
