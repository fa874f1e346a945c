"""`make run` beside another, and with what it must not start."""

import subprocess
import sys

from django.conf import settings as django_settings

from embedded import product
from embedded.files import Lock
from embedded.product import Address
from tests.embedded.programs import ROOT


def test_a_second_run_says_where_the_first_is_and_exits(tmp_path, capsys):
    with Lock(tmp_path / "run.lock") as first:
        assert first.take()
        first.note("process 123, http://127.0.0.1:8000")
        assert product.run(tmp_path) == 1
    error = capsys.readouterr().err
    assert "already runs" in error
    assert "process 123, http://127.0.0.1:8000" in error


def test_a_forced_port_in_use_is_one_clear_line_and_nothing_starts(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PORT", "nonsense")
    assert product.run(tmp_path) == 1
    assert capsys.readouterr().err == "PORT=nonsense is not a port number (1 to 65535).\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.lock"]


def test_the_lock_is_free_again_after_its_holder(tmp_path):
    with Lock(tmp_path / "lock") as first, Lock(tmp_path / "lock") as second:
        assert first.take()
        assert not second.take()
        first.release()
        assert second.take()


def test_addresses_are_those_a_browser_can_open():
    assert Address("127.0.0.1", 8000).url == "http://127.0.0.1:8000"
    assert Address("0.0.0.0", 8000).url == "http://127.0.0.1:8000"  # noqa: S104  # nothing is bound
    assert Address("::", 8000).url == "http://[::1]:8000"


def test_every_queue_has_a_worker(tmp_path):
    commands = [process.command for process in product._background(tmp_path, {})]
    taken = {command[command.index("-Q") + 1] for command in commands if "-Q" in command}
    assert taken == {queue.name for queue in django_settings.CELERY_TASK_QUEUES}


def test_the_standard_library_s_platform_stays_itself(directory):
    """`platform/` at the root must never shadow Python's own module, neither for us nor for what we start."""
    given = {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "BROKER_URL": "redis://127.0.0.1:1/0", "PATH": "/bin"}
    show = "import embedded, platform; print(platform.python_implementation(), embedded.__name__)"
    command = [
        sys.executable,
        "-m",
        "embedded",
        "exec",
        "--directory",
        str(directory),
        "--",
        sys.executable,
        "-c",
        show,
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**given, "PYTHONPATH": f"{ROOT}/platform:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "CPython embedded\n"
    assert done.stderr == ""


def test_exec_passes_on_the_exit_code(directory):
    given = {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "BROKER_URL": "redis://127.0.0.1:1/0", "PATH": "/bin"}
    command = [sys.executable, "-m", "embedded", "exec", "--directory", str(directory), "--", "sh", "-c", "exit 7"]
    done = subprocess.run(command, cwd=ROOT, env={**given, "PYTHONPATH": f"{ROOT}/platform:{ROOT}"}, check=False)
    assert done.returncode == 7
