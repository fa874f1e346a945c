"""Where the command sends the key, and what it says where nobody answers."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "must say where Plumbline is"),
        ("ftp://x.example", "must say where Plumbline is"),
        ("http://[", "must say where Plumbline is"),
        ("file:///etc/passwd", "must say where Plumbline is"),
        ("http://plumbline.example", "would travel unencrypted"),
        ("http://127.0.0.1:99999", "cannot be reached"),
    ],
)
def test_an_address_that_cannot_be_is_told(offline, url, told):
    offline.environment["PLUMBLINE_URL"] = url
    ran = offline("usage")
    assert (ran.code, told in ran.err, "Traceback" in ran.err) == (2, True, False), ran.err


@pytest.mark.parametrize("key", ["", "hush", "plk_a_b\r\nx: y", "plk_ü_ü"])
def test_what_is_no_key_is_not_sent_and_not_shown(offline, key):
    offline.environment["PLUMBLINE_KEY"] = key
    ran = offline("usage")
    assert (ran.code, "must hold a key" in ran.err) == (2, True)
    assert not key or key not in ran.err


def test_nobody_there_is_told(offline):
    ran = offline("usage")
    assert (ran.code, "cannot be reached" in ran.err, offline.key in ran.err) == (2, True, False)


def serve(status: int, body: bytes, **headers: str) -> tuple[HTTPServer, list[str]]:
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["x-api-key"])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, seen


def close(*servers: HTTPServer) -> None:
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_key_does_not_follow_a_redirect(offline):
    thief, stolen = serve(200, b"{}")
    honest, seen = serve(302, b"", location=f"http://127.0.0.1:{thief.server_port}/")
    offline.environment["PLUMBLINE_URL"] = f"http://127.0.0.1:{honest.server_port}"
    ran = offline("keys", "list")
    close(thief, honest)
    assert (ran.code, "give that address" in ran.err) == (2, True)
    assert (seen, stolen) == ([offline.key], [])


ANSWERS = [
    (200, b"<html>"),
    (200, b"[]"),
    (200, b"{}"),
    (200, b"\xff"),
    (502, b"<html>"),
    (404, b"[]"),
    (500, b'{"error": 5}'),
]


@pytest.mark.parametrize(("status", "body"), ANSWERS)
def test_an_answer_of_another_kind_is_told(offline, status, body):
    other, _ = serve(status, body)
    offline.environment["PLUMBLINE_URL"] = f"http://127.0.0.1:{other.server_port}"
    ran = offline("keys", "list")
    close(other)
    assert (ran.code, ran.out, "Traceback" in ran.err) == (2, "", False), ran.err


def test_one_who_hangs_up_is_told(offline):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        offline.environment["PLUMBLINE_URL"] = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def hang_up() -> None:
            listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        ran = offline("keys", "list")
        thread.join()
    assert (ran.code, "cannot be reached" in ran.err) == (2, True), ran.err
