"""Where the platform's master keys come from: the environment, a file, or the command of a key management service.

A service (AWS KMS, Vault, gcloud and the like) keeps a wrapped master key; its own command-line client opens it as a
process starts. So whoever may run that command decides, and can take it back, and nothing of the service is in here.
"""

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

NAME = "PLUMBLINE_MASTER_KEY"
SECONDS = 20.0


def read(environment: Mapping[str, str]) -> list[str]:
    """The master keys, the sealing one first; none where none is named. Raises ImproperlyConfigured, without a key.

    One of PLUMBLINE_MASTER_KEY (several with commas between), PLUMBLINE_MASTER_KEY_FILE (one a line) and
    PLUMBLINE_MASTER_KEY_COMMAND (prints them, one a line; it is run without a shell).
    """
    ways = [name for name in (NAME, f"{NAME}_FILE", f"{NAME}_COMMAND") if environment.get(name, "").strip(" ,")]
    if len(ways) > 1:
        raise ImproperlyConfigured(f"{' and '.join(ways)} are set; one of them must do")
    if not ways:
        return []
    way, said = ways[0], environment[ways[0]]
    if way == NAME:
        return _keys(said.split(","))
    found = _keys((_from_file(said) if way.endswith("_FILE") else _from_command(said)).splitlines())
    if not found:
        raise ImproperlyConfigured(f"{way} leads to no key")
    return found


def _keys(lines: list[str]) -> list[str]:
    return [key for line in lines if (key := line.strip())]


def _from_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{NAME}_FILE cannot be read: {type(error).__name__}") from None


def _from_command(command: str) -> str:
    # What it printed is never shown, on its error output neither: it may be a key.
    try:
        done = subprocess.run(shlex.split(command), capture_output=True, timeout=SECONDS, check=True)  # noqa: S603 - the administrator's own
        return done.stdout.decode()
    except subprocess.CalledProcessError as error:
        told = f"ended with status {error.returncode}"
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        told = f"failed: {type(error).__name__}"
    raise ImproperlyConfigured(f"{NAME}_COMMAND {told}")
