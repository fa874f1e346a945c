"""`make audit`: known vulnerabilities in what requirements/ pins, by pip-audit and the registry's advisories.

What the advisory service does not know was not audited, and is said to be so: silence would look like a clean bill.
Exit 1 for a vulnerability, 0 otherwise; with --strict 2 where anything was not audited.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("run", "test", "clients", "train", "audit")
SECONDS = 120


@dataclass
class Report:
    """Of all locks together, each package once."""

    vulnerable: dict[str, list[str]] = field(default_factory=dict)
    audited: set[str] = field(default_factory=set)
    unknown: dict[str, str] = field(default_factory=dict)
    """Why, by package."""

    def take(self, dependencies: Iterable[dict[str, Any]]) -> None:
        """As pip-audit's JSON has them."""
        for one in dependencies:
            name = f"{one['name']} {one.get('version', '')}".strip()
            if "skip_reason" in one:
                self.unknown[name] = one["skip_reason"]
                continue
            self.audited.add(name)
            if one["vulns"]:
                self.vulnerable[name] = [_told(found) for found in one["vulns"]]

    def lines(self) -> list[str]:
        said = [f"VULNERABLE {name}: {'; '.join(found)}" for name, found in sorted(self.vulnerable.items())]
        if self.unknown:
            total = len(self.unknown) + len(self.audited)
            why = next(iter(self.unknown.values()))
            said.append(f"NOT AUDITED: {len(self.unknown)} of {total} packages, for instance because: {why}")
        if self.audited and not self.vulnerable:
            said.append(f"No known vulnerability in the {len(self.audited)} packages that were audited.")
        return said

    def code(self, *, strict: bool) -> int:
        if self.vulnerable:
            return 1
        return 2 if strict and self.unknown else 0


def _told(found: dict[str, Any]) -> str:
    fixed = ", ".join(found.get("fix_versions") or []) or "no version yet"
    return f"{found['id']}, fixed in {fixed}"


def audit(lock: Path) -> list[dict[str, Any]]:
    """What pip-audit says of a lock; each package with why it was skipped where the service cannot be reached."""
    asked = [
        "-m",
        "pip_audit",
        "-r",
        str(lock),
        "--disable-pip",
        "--require-hashes",
        "-f",
        "json",
    ]
    try:
        done = subprocess.run(
            [sys.executable, *asked, "--progress-spinner=off"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return list(json.loads(done.stdout)["dependencies"])
    except (json.JSONDecodeError, KeyError):
        why = (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
    except subprocess.TimeoutExpired:
        why = f"no answer within {SECONDS} s"
    return [{"name": name, "skip_reason": why} for name in _pins(lock)]


def _pins(lock: Path) -> list[str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line.split()[0].replace("==", " ") for line in lines if "==" in line and line[0].isalnum()]


def main(arguments: list[str]) -> int:
    report = Report()
    for name in LOCKS:
        report.take(audit(ROOT / "requirements" / f"{name}.txt"))
    print("\n".join(report.lines()))
    return report.code(strict="--strict" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
