"""What the product must find the same at each start on one directory, unless our own environment says otherwise."""

import os
from pathlib import Path

from embedded.files import secret

ROOT = Path(__file__).resolve().parents[2]


def settings(directory: Path) -> dict[str, str]:
    """Environment variables for development: keys made once, where the log's key and checkpoints lie."""
    checkpoints = directory / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    ours = {
        "PLUMBLINE_DEBUG": "1",
        "PLUMBLINE_SECRET_KEY": secret(directory / "secret.key"),
        "PLUMBLINE_MASTER_KEY": secret(directory / "master.key"),
        "PLUMBLINE_LOG_KEY_FILE": str(directory / "audit.key"),
        "PLUMBLINE_CHECKPOINT_DIR": str(checkpoints),
        "PLUMBLINE_ERASURES_FILE": str(directory / "erasures.jsonl"),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "platform"), str(ROOT)]),
        "PYTHONUNBUFFERED": "1",
    }
    if any(os.environ.get(f"PLUMBLINE_MASTER_KEY{way}") for way in ("_FILE", "_COMMAND")):
        del ours["PLUMBLINE_MASTER_KEY"]  # it comes from elsewhere
    return {name: os.environ.get(name) or value for name, value in ours.items()}
