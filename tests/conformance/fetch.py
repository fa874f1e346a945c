"""`python -m tests.conformance.fetch`: have the source of the official Python client, whose own tests we run.

The version and the hash are the client's in requirements/test.txt. Once fetched it stays under .local/; where it
cannot be fetched that is said, and the tests that need it are skipped.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".local" / "conformance"
REQUIREMENT = re.compile(r"^anthropic==(\S+) \\\n(?:    --hash=\S+(?: \\)?\n)+", re.MULTILINE)


def pinned() -> re.Match[str]:
    found = REQUIREMENT.search((ROOT / "requirements" / "test.txt").read_text())
    if found is None:
        raise ValueError("requirements/test.txt does not pin anthropic with hashes")
    return found


def source() -> Path:
    """Where the source of the pinned version lies, or would lie."""
    return KEPT / f"anthropic-{pinned()[1]}"


def fetch() -> str:
    """Fetches what is not there yet. Returns what went wrong; empty where all is well."""
    if source().exists():
        return ""
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        requirement = Path(folder, "requirement.txt")
        requirement.write_text(pinned()[0])
        command = [
            sys.executable,
            "-I",
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ]
        command += ["--require-hashes", "--no-deps", "--no-binary", "anthropic", "-d", folder, "-r", str(requirement)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL
        )
        archives = list(Path(folder).glob("anthropic-*.tar.gz"))
        if done.returncode or not archives:
            return done.stderr.strip()[-500:] or "nothing came"
        with tarfile.open(archives[0]) as archive:
            archive.extractall(folder, filter="data")
        Path(folder, source().name).rename(source())
    return ""


if __name__ == "__main__":
    if problem := fetch():
        print(f"plumbline | the official client's own tests could not be fetched and are skipped: {problem}")
