"""The embedded servers start, keep what they were given, and recover from a holder that was killed."""

import os
import signal
import socket
from pathlib import Path

import psycopg
import pytest
import redis

from embedded import postgres
from embedded.services import services

HOLD = """
import pathlib, time
from embedded.services import services
with services(pathlib.Path({directory!r}), model=False) as environment:
    print("url", environment["DATABASE_URL"], flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch):
    named = ("DATABASE_URL", "BROKER_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "PLUMBLINE_LOG_KEY_FILE")
    for name in named:
        monkeypatch.delenv(name, raising=False)


def test_both_databases_keep_their_data_between_runs(directory):
    with services(directory / "run", model=False) as environment:
        assert environment["PLUMBLINE_LOG_KEY_FILE"] == str(directory / "run" / "audit.key")
        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
            connection.execute("create table kept (value text)")
            connection.execute("insert into kept values ('ä')")
        with redis.from_url(environment["BROKER_URL"]) as client:
            client.set("kept", "yes")
    with services(directory / "run", model=False) as environment:
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            assert connection.execute("select value from kept").fetchone() == ("ä",)
        with redis.from_url(environment["BROKER_URL"]) as client:
            assert client.get("kept") == b"yes"


def test_the_servers_of_a_killed_holder_end_and_the_next_start_recovers(directory, program, monkeypatch):
    held = directory / "run"
    one = program(
        HOLD.format(directory=str(held)), DATABASE_URL="", BROKER_URL="", ANTHROPIC_API_KEY="", ANTHROPIC_BASE_URL=""
    )
    assert one.says("url postgresql://")
    url = one.said().split()[1]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table kept (value text)")
    one.stop(signal.SIGKILL)
    assert one.leaves_nothing()
    # the worst leftover: a lock file that names a living process, as numbers are used again
    (held / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{held}/postgres\n")
    with services(held, model=False) as environment, psycopg.connect(environment["DATABASE_URL"]) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_what_is_given_is_not_started(directory, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    monkeypatch.setenv("BROKER_URL", "redis://elsewhere/0")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://elsewhere")
    with services(directory / "run", model=True) as environment:
        assert not {"DATABASE_URL", "BROKER_URL", "ANTHROPIC_BASE_URL"} & set(environment)
        assert not (directory / "run" / "postgres").exists()


def test_two_runs_at_once_do_not_share_servers(directory, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    with services(directory / "run", model=False) as one, services(directory / "run", model=False) as two:
        assert one["BROKER_URL"] != two["BROKER_URL"]
    assert (directory / "run-2" / "services.log").exists()


def test_valkey_lets_nobody_in_without_the_password(directory, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    with services(directory / "run", model=False) as environment:
        port = int(environment["BROKER_URL"].rsplit(":", 1)[1].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
            stranger.sendall(b"PING\r\n")
            assert stranger.recv(100).startswith(b"-NOAUTH")
        with socket.socket() as outside, pytest.raises(OSError, match="refused"):
            outside.connect(("127.0.0.2", port))


def test_a_long_path_still_has_a_socket(directory, monkeypatch):
    monkeypatch.setenv("BROKER_URL", "redis://elsewhere/0")
    with services(directory / ("long" * 20) / ("path" * 10), model=False) as environment:
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        sockets = Path(psycopg.conninfo.conninfo_to_dict(environment["DATABASE_URL"])["host"])
    assert not sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_a_directory_closed_to_the_server_s_user_is_done_without(directory, monkeypatch):
    monkeypatch.setenv("BROKER_URL", "redis://elsewhere/0")
    monkeypatch.setattr(postgres, "OUT_OF_HOME", directory / "elsewhere")
    closed = directory / "home"
    closed.mkdir(mode=0o700)
    with services(closed / "run", model=False) as environment:
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert (closed / "run" / "postgres").resolve().is_relative_to(directory / "elsewhere")
    assert "its data live in" in (closed / "run" / "services.log").read_text()
