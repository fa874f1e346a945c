"""TCP ports: a free one, and the one the web server takes."""

import os
import socket

DEFAULT_PORT = 8000
PORTS_TRIED = 100


class PortError(RuntimeError):
    """The port that was asked for cannot be had; the text says so in one line."""


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on now, on 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def web_port(host: str, wanted: str | None = None) -> int:
    """The port of the web server: `wanted` (as PORT holds it) or none at all, else the first free one from 8000.

    Raises PortError.
    """
    wanted = os.environ.get("PORT", "") if wanted is None else wanted
    if wanted:
        if not wanted.isdigit() or not 0 < int(wanted) < 65536:
            raise PortError(f"PORT={wanted} is not a port number (1 to 65535).")
        if not is_free(host, int(wanted)):
            raise PortError(
                f"PORT={wanted} cannot be had on {host}: something else listens there, or it is not allowed."
            )
        return int(wanted)
    for port in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED):
        if is_free(host, port):
            return port
    raise PortError(f"No free port on {host} from {DEFAULT_PORT} to {DEFAULT_PORT + PORTS_TRIED - 1}; set PORT.")
