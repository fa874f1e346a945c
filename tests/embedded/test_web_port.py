"""Which port the web server takes."""

import socket
from collections.abc import Iterator

import pytest

from embedded import ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_the_next_free_port_is_taken_where_the_first_is_in_use(taken, monkeypatch):
    monkeypatch.setattr(ports, "DEFAULT_PORT", taken)
    assert taken < ports.web_port("127.0.0.1", "") < taken + ports.PORTS_TRIED


def test_a_named_port_is_that_port_or_a_clear_failure(taken):
    with pytest.raises(ports.PortError, match=f"PORT={taken} cannot be had on 127.0.0.1"):
        ports.web_port("127.0.0.1", str(taken))
    free = ports.free_port()
    assert ports.web_port("127.0.0.1", str(free)) == free


@pytest.mark.parametrize("wanted", ["http", "0", "65536", "-1", "80 80"])
def test_what_is_no_port_is_said_to_be_none(wanted):
    with pytest.raises(ports.PortError, match="is not a port number"):
        ports.web_port("127.0.0.1", wanted)


def test_the_port_comes_from_the_environment(monkeypatch):
    free = ports.free_port()
    monkeypatch.setenv("PORT", str(free))
    assert ports.web_port("127.0.0.1") == free
