"""What a newcomer is told: the demo's sign-ins and key, kept in `.local/demo.env`, and the block that shows them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from embedded.files import read_environment, write_environment

SEEDED_AS = {
    "api_key": "PLUMBLINE_API_KEY",
    "operator_email": "PLUMBLINE_OPERATOR_EMAIL",
    "reviewer_email": "PLUMBLINE_REVIEWER_EMAIL",
    "steward_email": "PLUMBLINE_STEWARD_EMAIL",
    "password": "PLUMBLINE_PASSWORD",
}
SHOWN_BEFORE = "(shown at the first start)"

BLOCK = """\
Plumbline is ready at {address}{note}

  Sign in there as
    operator   {operator:<30} deployments, keys, conversations
    reviewer   {reviewer:<30} cases
    steward    {steward:<30} oversight
    password   {password}

  API key      {key}
  model        {model}
  kept in      {path}

Call it with curl:

  curl {address}/v1/messages -H "x-api-key: {key}" -H "content-type: application/json" \\
    -d '{{"model": "default", "max_tokens": 200, "messages": [{{"role": "user", "content": "{question}"}}]}}'

Or from Python ({python} has the official package):

  import anthropic
  client = anthropic.Anthropic(base_url="{address}", api_key="{key}")
  question = {{"role": "user", "content": "{question}"}}
  message = client.messages.create(model="default", max_tokens=200, messages=[question])
  print(message.content[0].text)
  print(message.plumbline["outcome"])

Ctrl-C stops everything."""
QUESTION = "Write a Python function that reverses a string."


def remember(path: Path, address: str, seeded: Sequence[str]) -> dict[str, str]:
    """Write the demo file from what `seed_demo --json` printed, and return its values.

    A secret is printed only when it is made, so what the file already knows stays where the output holds null.
    """
    text = next((line for line in reversed(seeded) if line.startswith("{")), "{}")
    values = {name: value for name, value in read_environment(path).items() if name in SEEDED_AS.values()}
    values |= {SEEDED_AS[key]: value for key, value in json.loads(text).items() if key in SEEDED_AS and value}
    values = {"PLUMBLINE_BASE_URL": address, **values}
    write_environment(path, values)
    return values


def block(values: Mapping[str, str], *, note: str, model: str, path: Path, python: str) -> str:
    """The final words of a start: where, who, with which key, and how an app calls it."""
    rule = "─" * 100
    text = BLOCK.format(
        address=values["PLUMBLINE_BASE_URL"],
        note=note,
        operator=values.get("PLUMBLINE_OPERATOR_EMAIL", SHOWN_BEFORE),
        reviewer=values.get("PLUMBLINE_REVIEWER_EMAIL", SHOWN_BEFORE),
        steward=values.get("PLUMBLINE_STEWARD_EMAIL", SHOWN_BEFORE),
        password=values.get("PLUMBLINE_PASSWORD", SHOWN_BEFORE),
        key=values.get("PLUMBLINE_API_KEY", SHOWN_BEFORE),
        model=model,
        path=path,
        question=QUESTION,
        python=python,
    )
    return f"{rule}\n{text}\n{rule}"
