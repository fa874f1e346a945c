#!/usr/bin/env python3
"""plumbline: keep a deployment's settings in a repository. One file that needs nothing but Python 3.11 or newer.

  plumbline pull                      write what is live to plumbline.toml
  plumbline validate                  check the file against the charter and the models within reach
  plumbline apply                     publish what the file says; nothing where nothing differs
  plumbline apply --dry-run [--check] only tell what would change
  plumbline usage                     turns, tokens and cost by day or hour
  plumbline keys list|create|rotate|revoke

PLUMBLINE_URL says where Plumbline is, PLUMBLINE_KEY holds a key with the scope `manage`; the key's own deployment is
what is managed. Exit codes: 0 done or nothing to do, 1 something would change (--check), 2 an error.
"""

import argparse
import difflib
import json
import math
import os
import re
import sys
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any

FILE = "plumbline.toml"
LARGEST_FILE = 1024 * 1024
TIMEOUT_SECONDS = 60
DONE, DIFFERS, ERROR = 0, 1, 2
BARE = re.compile(r"[A-Za-z0-9_-]+")
KEY = re.compile(r"plk_[A-Za-z0-9]+_[A-Za-z0-9]+")
UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
HEADER = "# A Plumbline deployment. `plumbline apply` publishes what stands here; keys and other secrets never do.\n"


class CommandError(Exception):
    """Ends the command with exit code 2. `lines` are what went wrong, each a sentence."""

    def __init__(self, *lines: str, status: int = 0) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines
        self.status = status


# --- Talking to Plumbline -------------------------------------------------------------------------------------------


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """The key goes to the address that was given and to no other."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


class Api:
    def __init__(self, url: str, key: str, *, allow_http: bool) -> None:
        try:
            parts = urllib.parse.urlsplit(url)
        except ValueError:
            parts = urllib.parse.urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise CommandError("PLUMBLINE_URL or --url must say where Plumbline is, e.g. https://plumbline.example")
        local = parts.hostname in {"localhost", "::1"} or parts.hostname.startswith("127.")
        if parts.scheme == "http" and not local and not allow_http:
            raise CommandError("the key would travel unencrypted: use https, or --allow-http within a network of yours")
        if not KEY.fullmatch(key):
            raise CommandError("PLUMBLINE_KEY or --key-file must hold a key: plk_<public id>_<secret>")
        self._base = url.rstrip("/") + "/v1/manage/"
        self._key = key
        self._opener = urllib.request.build_opener(NoRedirects)

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The answer's JSON. Raises CommandError for any other."""
        asked = {name: value for name, value in query.items() if value}
        url = self._base + path + ("?" + urllib.parse.urlencode(asked, doseq=True) if asked else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"x-api-key": self._key, "content-type": "application/json", "user-agent": "plumbline-cli"}
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - http and https only, as above
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error) from None
        except (urllib.error.URLError, HTTPException, OSError) as error:
            raise CommandError(f"{self._base} cannot be reached: {getattr(error, 'reason', error)}") from None
        except ValueError:
            raise CommandError(f"{self._base} did not answer as Plumbline does") from None


def _refusal(error: urllib.error.HTTPError) -> CommandError:
    if 300 <= error.code < 400:
        return CommandError(f"{error.url} leads to {error.headers.get('location')}; give that address")
    try:
        told = json.loads(error.read())["error"]
        problems = [f"{one['path']}: {one['message']} (rule {one['rule']})" for one in told.get("problems", ())]
        return CommandError(*(problems or [f"{told['message']} ({error.code})"]), status=error.code)
    except (ValueError, KeyError, TypeError, AttributeError, OSError, HTTPException):
        return CommandError(f"{error.url} answered {error.code} {error.reason}", status=error.code)


# --- The file -------------------------------------------------------------------------------------------------------


def read_file(path: str) -> dict[str, Any]:
    """What `POST /v1/manage/apply` takes: deployment, models and settings. Raises CommandError that names the place."""
    try:
        raw = Path(path).read_bytes()
        if len(raw) > LARGEST_FILE:
            raise CommandError(f"{path}: is larger than 1 MB")
        data = tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    except RecursionError:
        raise CommandError(f"{path}: is nested too deeply") from None
    except ValueError as error:
        raise CommandError(f"{path}: is not TOML: {error}") from None
    _check(data, "", path)
    deployment = data.pop("deployment", {})
    if not isinstance(deployment, dict) or deployment.keys() - {"name"}:
        raise CommandError(f"{path}: deployment: holds a name, and nothing else")
    if not isinstance(deployment.get("name", ""), str):
        raise CommandError(f"{path}: deployment.name: must be text")
    return {"deployment": deployment.get("name"), "models": data.pop("models", None), "settings": data}


def _check(value: Any, place: str, path: str) -> None:
    """TOML knows more than settings do."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(inner, f"{place}.{key}" if place else key, path)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, f"{place}[{index}]", path)
    elif not isinstance(value, (str, bool, int, float)) or (isinstance(value, float) and not math.isfinite(value)):
        raise CommandError(f"{path}: {place}: dates, times and infinite numbers are no settings")


def to_toml(data: dict[str, Any]) -> str:
    """TOML that reads back as the same data. What is None is left out, for TOML has no word for it."""
    lines: list[str] = []
    _write_table(lines, (), data)
    return "\n".join(lines).strip("\n") + "\n"


def _write_table(lines: list[str], path: tuple[str, ...], table: dict[str, Any]) -> None:
    tables = {}
    for key, value in table.items():
        if isinstance(value, dict) or (isinstance(value, list) and value and all(isinstance(v, dict) for v in value)):
            tables[key] = value
        elif value is not None:
            lines.append(f"{_write_key(key)} = {_write_value(value)}")
    for key, value in tables.items():
        inner = (*path, key)
        name = ".".join(map(_write_key, inner))
        for one in value if isinstance(value, list) else [value]:
            lines += ["", f"[[{name}]]" if isinstance(value, list) else f"[{name}]"]
            _write_table(lines, inner, one)


def _write_key(key: str) -> str:
    return key if BARE.fullmatch(key) else f'"{_escape(key)}"'


def _write_value(value: Any) -> str:
    if isinstance(value, str):
        return _write_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        pairs = [f"{_write_key(key)} = {_write_value(one)}" for key, one in value.items() if one is not None]
        return "{ " + ", ".join(pairs) + " }" if pairs else "{}"
    if isinstance(value, list):
        items = [_write_value(one) for one in value if one is not None]
        return "[\n" + "".join(f"  {item},\n" for item in items) + "]" if len(items) > 1 else f"[{', '.join(items)}]"
    return repr(value)


def _write_text(text: str) -> str:
    if "\n" not in text:
        return f'"{_escape(text)}"'
    # Quotes are escaped where they could end the text; the line end after the first marks is not part of it.
    body = re.sub(r'"(?="|\Z)', '\\"', "\n".join(_escape(line, quotes=False) for line in text.split("\n")))
    return f'"""\n{body}"""'


def _escape(text: str, *, quotes: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("\r", "\\r").replace("\t", "\\t")
    text = re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.replace('"', '\\"') if quotes else text


# --- Saying it ------------------------------------------------------------------------------------------------------


def say(text: str = "", *, error: bool = False) -> None:
    """Prints; what a terminal would obey rather than show is shown escaped."""
    shown = UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    print(shown, file=sys.stderr if error else sys.stdout)


def say_json(data: Any) -> None:
    print(json.dumps(data, indent=2))


def say_differences(differences: list[dict[str, Any]]) -> None:
    for one in differences:
        say(f"- {one['words']}")
        sides = [side or "" for side in (one["before"], one["after"])]
        if all(isinstance(side, str) for side in sides) and max(map(len, sides)) > 100:
            before, after = (side.splitlines() for side in sides)
            for line in list(difflib.unified_diff(before, after, lineterm="", n=1))[2:]:
                say(f"    {line}")


def say_table(rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


# --- Commands -------------------------------------------------------------------------------------------------------


def pull(api: Api, options: argparse.Namespace) -> int:
    deployment = api("GET", "deployment")
    if deployment["live"] is None:
        raise CommandError("nothing is published yet: apply a file, or publish in the console")
    live = api("GET", "configurations/live")
    data = {**live["settings"], "deployment": {"name": deployment["name"]}, "models": deployment["models"]}
    text = HEADER + to_toml(data)
    if options.file == "-":
        sys.stdout.write(text)
        return DONE
    path = Path(options.file)
    try:
        if path.exists() and not options.force and path.read_text(encoding="utf-8", errors="replace") != text:
            raise CommandError(f"{path} is there and differs; --force writes over it, `pull -` prints instead")
        beside = path.with_name(path.name + ".new")
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    say(f"{path}: version {live['number']} of {deployment['name']}")
    return DONE


def validate(api: Api, options: argparse.Namespace) -> int:
    planned = _apply(api, options.file, read_file(options.file), dry_run=True)
    if options.json:
        say_json({"valid": True, "differences": planned["differences"]})
    else:
        say(f"{options.file} is valid.")
    return DONE


def apply(api: Api, options: argparse.Namespace) -> int:
    wanted = {**read_file(options.file), "note": options.note or f"Applied from {options.file}"[:500]}
    planned = done = _apply(api, options.file, wanted, dry_run=True)
    if planned["changes"] and not (options.dry_run or options.check):
        done = _apply(api, options.file, {**wanted, "over": planned["over"]})
    if options.json:
        say_json(done)
    else:
        _say_applied(planned, done, options.file)
    return DIFFERS if options.check and planned["changes"] else DONE


def _say_applied(planned: dict[str, Any], done: dict[str, Any], path: str) -> None:
    name = done["deployment"]
    say_differences(planned["differences"])
    if not planned["changes"]:
        say(f"Nothing to do: version {done['over']} of {name} is as {path} says.")
    elif done["dry_run"]:
        say(f"A new version of {name} would be live." if planned["publishes"] else f"{name} would change.")
    elif done["published"]:
        say(f"Version {done['published']['number']} of {name} is live.")
    else:
        say(f"{name} is as {path} says.")
    if done["draft_differs"] and done["published"]:
        say("The draft in the console holds edits that are not live; they were left there.")


def _apply(api: Api, path: str, body: dict[str, Any], *, dry_run: bool = False) -> Any:
    """Raises CommandError whose lines name the file."""
    try:
        return api("POST", "apply", {**body, "dry_run": dry_run})
    except CommandError as error:
        if error.status in {400, 409, 413}:
            raise CommandError(*(f"{path}: {line}" for line in error.lines)) from None
        raise


def usage(api: Api, options: argparse.Namespace) -> int:
    asked = {"from": options.start, "to": options.end, "by": options.by, "split": options.split, "model": options.model}
    told = api("GET", "usage", **asked, key=_find(api, options.key)["id"] if options.key else "")
    if options.json:
        say_json(told)
        return DONE
    split = told["split"]
    rows = [[told["by"], *split, "turns", "failed", "input", "output", "cost"]]
    rows += [
        [row["start"].removesuffix("T00:00:00Z"), *(row[name] for name in split), *_amounts(row)]
        for row in told["data"]
    ]
    rows.append(["all", *("" for _ in split), *_amounts(told["total"])])
    say_table(rows)
    if told["total"]["unpriced_turns"]:
        say(f"{told['total']['unpriced_turns']} turns used models without a price; their cost is not counted.")
    return DONE


def _amounts(row: dict[str, Any]) -> list[str]:
    return [str(row[name]) for name in ("turns", "failed", "input_tokens", "output_tokens", "cost")]


def keys_list(api: Api, options: argparse.Namespace) -> int:
    keys = _keys(api)
    if options.json:
        say_json(keys)
        return DONE
    rows = [["name", "key", "scopes", "state", "expires", "last used", "id"]]
    for key in keys:
        state = "replaced" if key["replaced_by"] and key["state"] == "active" else key["state"]
        times = [(key[name] or "never")[:16] for name in ("expires_at", "last_used_at")]
        rows.append([key["name"], key["prefix"], ",".join(key["scopes"]), state, *times, key["id"]])
    say_table(rows)
    return DONE


def keys_create(api: Api, options: argparse.Namespace) -> int:
    body: dict[str, Any] = {"name": options.name, "expires_at": options.expires_at}
    if options.expires_in_days:
        body["expires_at"] = (datetime.now(UTC) + timedelta(days=options.expires_in_days)).isoformat()
    if options.scopes:
        body["scopes"] = [scope.strip() for scope in options.scopes.split(",")]
    return _say_key(api("POST", "keys", body), options)


def keys_rotate(api: Api, options: argparse.Namespace) -> int:
    key = _find(api, options.key, rotatable=True)
    return _say_key(api("POST", f"keys/{key['id']}/rotate", {"overlap_hours": options.overlap_hours}), options)


def keys_revoke(api: Api, options: argparse.Namespace) -> int:
    key = _find(api, options.key)
    revoked = api("POST", f"keys/{key['id']}/revoke", {"itself": options.itself})
    if options.json:
        say_json(revoked)
    else:
        say(f"{revoked['name']} ({revoked['prefix']}) no longer opens anything.")
    return DONE


def _say_key(made: dict[str, Any], options: argparse.Namespace) -> int:
    """The key alone on standard output, so that it can be piped to where secrets are kept."""
    if options.json:
        say_json(made)
        return DONE
    say(f"{made['name']} ({', '.join(made['scopes'])}), shown this once:", error=True)
    print(made["key"])
    if made.get("replaces"):
        say(f"The old key opens until {made['replaces']['expires_at']}.", error=True)
    return DONE


def _keys(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = api("GET", "keys", limit=100, after_id=after)
        found += page["data"]
        if not page["has_more"]:
            return found
        after = page["last_id"]


def _find(api: Api, word: str, *, rotatable: bool = False) -> dict[str, Any]:
    """A key by its id, the public part of its text, or its name among the active ones."""
    keys = _keys(api)
    exact = [key for key in keys if word in {key["id"], key["prefix"]}]
    named = [key for key in keys if key["name"] == word and key["state"] == "active"]
    found = exact or [key for key in named if not (rotatable and key["replaced_by"])]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandError(f"there is no active key {word}")
    raise CommandError(f"several keys are named {word}; say which by its id:", *(key["id"] for key in found))


# --- The command line -----------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--url", default=os.environ.get("PLUMBLINE_URL", ""), help="where Plumbline is (PLUMBLINE_URL)")
    shared.add_argument("--key-file", help="read the key from this file, - for standard input (else PLUMBLINE_KEY)")
    shared.add_argument("--allow-http", action="store_true", help="send the key over an unencrypted connection")
    shared.add_argument("--json", action="store_true", help="print JSON")
    whole = argparse.ArgumentParser(
        prog="plumbline", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, told: str, under: Any = commands) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = under.add_parser(name, parents=[shared], help=told, description=told)
        made.set_defaults(run=run)
        return made

    one = command("pull", pull, "write what is live as TOML")
    one.add_argument("file", nargs="?", default=FILE, help=f"default {FILE}; - prints it")
    one.add_argument("--force", action="store_true", help="write over a file that differs")
    one = command("validate", validate, "check the file; nothing is published")
    one.add_argument("file", nargs="?", default=FILE)
    one = command("apply", apply, "publish what the file says, where it differs from what is live")
    one.add_argument("file", nargs="?", default=FILE)
    one.add_argument("--dry-run", action="store_true", help="only tell what would change")
    one.add_argument("--check", action="store_true", help="a dry run that exits 1 if anything would change")
    one.add_argument("--note", default="", help="kept with the version, e.g. the commit")
    one = command("usage", usage, "turns, tokens and cost")
    one.add_argument("--from", dest="start", help="a day or time (UTC); default the last 30 days, or 24 hours")
    one.add_argument("--to", dest="end", help="up to, without it")
    one.add_argument("--by", choices=["day", "hour"], default="day")
    one.add_argument("--split", help="model, key or model,key")
    one.add_argument("--model", help="this model alone, as apps ask for it")
    one.add_argument("--key", help="this key alone: its id, its public part or its name")
    keys = commands.add_parser("keys", help="list, create, rotate and revoke keys").add_subparsers(required=True)
    command("list", keys_list, "all keys, never their secrets", keys)
    one = command("create", keys_create, "make a key; it is printed this once", keys)
    one.add_argument("name")
    one.add_argument("--scopes", help="of turns, records, manage; default turns,records")
    one.add_argument("--expires-at", help="a time with its zone")
    one.add_argument("--expires-in-days", type=int, choices=range(1, 3650), metavar="DAYS")
    one = command("rotate", keys_rotate, "make a key in another's place; both open for a while", keys)
    one.add_argument("key", help="its id, its public part or its name")
    one.add_argument("--overlap-hours", type=int, default=24)
    one = command("revoke", keys_revoke, "end a key for good", keys)
    one.add_argument("key", help="its id, its public part or its name")
    one.add_argument("--itself", action="store_true", help="even if it is the key that asks")
    return whole


def read_key(path: str | None) -> str:
    if not path:
        return os.environ.get("PLUMBLINE_KEY", "").strip()
    try:
        return (sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: cannot be read: {getattr(error, 'strerror', 'not text')}") from None


def main(arguments: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    try:
        api = Api(options.url, read_key(options.key_file), allow_http=options.allow_http)
        return int(options.run(api, options))
    except CommandError as error:
        for line in error.lines:
            say(f"plumbline: {line}", error=True)
    except Exception as error:  # noqa: BLE001 - a traceback would exit with 1, which says that something differs
        say(f"plumbline: the answer is not as expected: {error!r}", error=True)
    return ERROR


if __name__ == "__main__":
    sys.exit(main())
