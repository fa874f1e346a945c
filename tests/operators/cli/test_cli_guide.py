"""What the guide shows works."""

import re
import shlex
import tomllib
from pathlib import Path

import httpx2
from django.conf import settings

from operators.cli.plumbline import parser

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "api" / "management.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", GUIDE, re.DOTALL | re.MULTILINE)


def test_its_file_is_valid(pipeline):
    pipeline.deployment.name = "Coding helper"
    pipeline.deployment.save()
    [text] = blocks("toml")
    pipeline.file(text.replace("claude-sonnet-5-5", settings.UPSTREAM_MODEL))
    ran = pipeline("validate")
    assert (ran.code, ran.err) == (0, "")
    assert tomllib.loads(text).keys() >= {"models", "scope", "persona", "tone", "instructions", "behaviours"}


def test_its_commands_are_understood():
    lines = [line.strip() for block in blocks("sh") + blocks("yaml") for line in block.splitlines()]
    commands = [line.partition(" plumbline.py ")[2] or line.partition("plumbline ")[2] for line in lines]
    shown = [command for line, command in zip(lines, commands, strict=True) if command and "curl" not in line]
    assert len(shown) >= 10
    for command in shown:
        assert parser().parse_args(shlex.split(command)).run


def test_its_endpoints_are_served(web):
    rows = re.findall(r"^\| (`(?:GET|POST|PUT|PATCH) .*?) \|", GUIDE, re.MULTILINE)
    told = [one for row in rows for one in re.findall(r"`(\w+) ([\w/{}]+)`", row)]
    assert len(told) >= 16
    for method, path in told:
        # Where nothing is served, or not by this method, it is not a key that is asked for.
        answer = httpx2.request(method, f"{web}/v1/manage/" + re.sub(r"{\w+}", "1", path))
        assert answer.status_code == 401, (method, path)
