"""What a newcomer is told: the demo's sign-ins and key, kept in `.local/demo.env`, and the block that shows them."""

import json
from collections.abc import Sequence
from pathlib import Path

from embedded.files import read_environment, write_environment

SEEDED_AS = {
    "api_key": "PLUMBLINE_API_KEY",
    "operator_email": "PLUMBLINE_OPERATOR_EMAIL",
    "reviewer_email": "PLUMBLINE_REVIEWER_EMAIL",
    "steward_email": "PLUMBLINE_STEWARD_EMAIL",
    "password": "PLUMBLINE_PASSWORD",
}


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


def block(values: dict[str, str], *, model_note: str, port_note: str, path: Path) -> str:
    """The final words of a start: where, who, with which key, and how an app calls it."""
    address = values["PLUMBLINE_BASE_URL"]
    key = values.get("PLUMBLINE_API_KEY")
    password = values.get("PLUMBLINE_PASSWORD", "(the one shown at the first start)")
    lines = [f"Plumbline is ready at {address}{port_note}", ""]
    for role, sees in (("operator", "deployments and their conversations"), ("reviewer", "cases"), ("steward", "oversight")):
        email = values.get(f"PLUMBLINE_{role.upper()}_EMAIL", "(see the first start)")
        lines.append(f"  {role:<10} {email:<28} {password:<22} {sees}")
    lines += [
        f"  {'API key':<10} {key or '(shown once, at the first start; make another in the console)'}",
        f"  {'model':<10} {model_note}",
        f"  {'kept in':<10} {path}",
        "",
        "With curl:",
        "",
        f"  curl {address}/v1/messages -H 'x-api-key: {key or '$PLUMBLINE_API_KEY'}' -H 'content-type: application/json' "
        "-d '" + '{"model": "default", "max_tokens": 200, "messages": [{"role": "user", "content": '
        '"Write a Python function that reverses a string."}]}' + "'",
        "",
        "With Python (.venv/bin/python has the official package):",
        "",
        "  import anthropic",
        f'  client = anthropic.Anthropic(base_url="{address}", api_key="{key or "..."}")',
        '  question = {"role": "user", "content": "Write a Python function that reverses a string."}',
        '  message = client.messages.create(model="default", max_tokens=200, messages=[question])',
        "  print(message.content[0].text)",
        '  print(message.plumbline["outcome"])',
        "",
        "Ctrl-C stops everything.",
    ]
    rule = "─" * 78
    return "\n".join([rule, *lines, rule])
