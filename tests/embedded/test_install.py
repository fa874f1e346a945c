"""An environment is made once, again after an interruption or a change, and never otherwise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from embedded import install
from tests.embedded.programs import ROOT


@pytest.fixture
def commands(tmp_path, monkeypatch) -> list[list[str]]:
    """An empty project; what would be run is noted, and making the environment makes a Python that answers."""
    (tmp_path / "requirements").mkdir()
    for kind in ("run", "test", "clients", "model"):
        (tmp_path / "requirements" / f"{kind}.txt").write_text("one==1 \\\n    --hash=sha256:00\n")
    ran: list[list[str]] = []

    def run(command: list[str]) -> None:
        ran.append(command)
        if "venv" in command:
            venv = Path(command[-1])
            (venv / "bin").mkdir(parents=True)
            (venv / "bin" / "python").write_text(f"#!/bin/sh\necho '{venv}'\n")
            (venv / "bin" / "python").chmod(0o755)

    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "run", run)
    return ran


def test_a_second_call_does_nothing(commands):
    install.install("run")
    assert len(commands) == 3
    assert all("--require-hashes" in command for command in commands[1:])
    assert "--no-deps" in commands[2]
    install.install("run")
    assert len(commands) == 3


def test_a_changed_file_installs_again_into_the_same_environment(commands, tmp_path):
    install.install("run")
    (tmp_path / "requirements" / "run.txt").write_text("one==2 \\\n    --hash=sha256:00\n")
    install.install("run")
    assert [("venv" in command) for command in commands] == [True, False, False, False, False]


def test_an_interrupted_installation_is_made_from_nothing(commands, monkeypatch):
    whole = install.run

    def interrupted(command: list[str]) -> None:
        whole(command)
        if "--require-hashes" in command:
            raise KeyboardInterrupt

    monkeypatch.setattr(install, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        install.install("run")
    monkeypatch.setattr(install, "run", whole)
    install.install("run")
    assert sum("venv" in command for command in commands) == 2


def test_what_tests_need_includes_what_the_product_needs(commands):
    install.install("test")
    install.install("run")
    assert len(commands) == 3


def test_clients_have_an_environment_of_their_own_and_no_weights(commands, tmp_path):
    install.install("test")
    made = len(commands)
    install.install("clients")
    assert [command[-1] for command in commands[made:]] == [
        str(tmp_path / ".venv-clients"),
        str(tmp_path / "requirements" / "clients.txt"),
    ]
    assert "--require-hashes" in commands[-1]
    for kind in ("test", "clients"):
        install.install(kind)
    assert len(commands) == made + 2


def test_the_real_pins_of_the_product_are_among_those_of_the_tests():
    requirements = ROOT / "requirements"
    assert len(install.pins(requirements / "run.txt")) > 20
    assert install.includes(requirements / "test.txt", requirements / "run.txt")


def test_no_requirement_names_a_host():
    for path in (
        *(ROOT / "requirements").iterdir(),
        *(ROOT / "tests" / "clients" / "typescript").glob("package*.json"),
    ):
        assert "://" not in path.read_text(), path.name


def test_the_clients_for_typescript_are_pinned_by_their_content():
    lock = json.loads((ROOT / "tests" / "clients" / "typescript" / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert {"node_modules/@anthropic-ai/sdk", "node_modules/openai"} <= packages.keys()
    assert all("integrity" in package for package in packages.values())


def test_an_old_python_is_told_so(monkeypatch):
    monkeypatch.setattr(install, "NEWEST_TOO_OLD", sys.version_info[:2])
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        install.check_python()


def test_a_failing_installation_shows_what_was_said():
    with pytest.raises(SystemExit) as failure:
        install.run([sys.executable, "-c", "print('no matching distribution'); raise SystemExit(1)"])
    assert "no matching distribution" in str(failure.value)
    assert "Run the same command again" in str(failure.value)


def test_the_targets_are_listed_by_make_itself():
    done = subprocess.run(["make", "-s", "-C", str(ROOT)], capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")}
    assert listed == {
        *(
            "help",
            "run",
            "test",
            "lint",
            "audit",
            "venv",
            "conformance",
            "fuzz",
            "backup",
            "restore",
            "bench",
            "train",
            "evaluate",
            "screenshots",
            "clean",
        )
    }


def test_ci_runs_the_tests():
    script = Path(ROOT, ".ci", "run")
    assert "make test" in script.read_text()
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(script)], check=True)
