"""Schemathesis sends the running server what the contract allows and what it does not."""

import os
import subprocess
import sys
from pathlib import Path

from operators.keys import create_key
from operators.models.deployments import Scope

HERE = Path(__file__).parent
SECONDS = int(os.environ.get("PLUMBLINE_FUZZ_SECONDS", "60"))
"""For the whole run; `make fuzz` gives it more, and lets chance choose."""
SEED = () if "PLUMBLINE_FUZZ_SECONDS" in os.environ else ("--seed", "1", "--exclude-checks", "negative_data_rejection")
"""A short run is to say the same of the same code. That nothing beside the contract is accepted is looked for by the
long one: in a minute it is a matter of luck what is tried."""


def test_no_request_breaks_the_contract(web, new_key, tmp_path):
    made, key = create_key(new_key()[0], "fuzz", by=None, scopes=Scope.values)
    fuzz(web, key, tmp_path, SECONDS, "--exclude-operation-id", "revoke_key")
    made.refresh_from_db()
    assert made.state == "active", "the key was lost on the way, so that the rest of the run said nothing"


def test_nor_does_a_key_that_may_revoke_itself(web, new_key, tmp_path):
    """Apart from the rest, which it would end."""
    key = create_key(new_key()[0], "fuzz", by=None, scopes=Scope.values)[1]
    fuzz(web, key, tmp_path, max(5, SECONDS // 10), "--include-operation-id", "revoke_key")


def fuzz(web: str, key: str, folder: Path, seconds: int, *which: str) -> None:
    ran = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("st")), "--config-file", str(HERE / "schemathesis.toml")),
            *("run", f"{web}/v1/openapi.json", "--header", f"x-api-key: {key}", *which),
            *("--max-time", str(seconds), "--request-timeout", "20", "--continue-on-failure", *SEED),
        ],
        cwd=folder,
        env={name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ},
        capture_output=True,
        text=True,
        timeout=seconds * 2 + 120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-30_000:] + ran.stderr[-5_000:]
