"""A witness of C2SP tlog-witness: it cosigns a checkpoint of a log it knows once it is proven to continue the last."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.log.notes import COSIGNATURE, Head, NoteError, Verifier, open_note
from audit.log.tree import verify_consistency


class Witness:
    def __init__(self, log: Verifier) -> None:
        self.log = log
        self.key = Ed25519PrivateKey.generate()
        self.verifier = Verifier("witness.example", self.key.public_key(), COSIGNATURE)
        self.head: Head | None = None
        self.asked: list[str] = []
        self.url = ""

    def answer(self, body: str) -> tuple[int, str]:
        self.asked.append(body)
        lines, _, note = body.partition("\n\n")
        old, *proof = lines.split("\n")
        try:
            text = open_note(note, [self.log])
        except NoteError as error:
            return 403, str(error)
        head, size = Head.parse(text), int(old.removeprefix("old "))
        if size != (self.head.size if self.head else 0):
            return 409, f"{self.head.size if self.head else 0}\n"
        steps = [base64.b64decode(step) for step in proof]
        if self.head and not verify_consistency(size, head.size, steps, self.head.root, head.root):
            return 422, "the proof does not verify"
        self.head = head
        return 200, self.cosignature(text)

    def cosignature(self, text: str) -> str:
        at = int(time.time())
        signature = self.key.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        blob = base64.b64encode(self.verifier.key_id + at.to_bytes(8) + signature).decode()
        return f"\N{EM DASH} {self.verifier.name} {blob}\n"


@contextmanager
def serving(witness: Witness) -> Iterator[Witness]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            status, text = witness.answer(body) if self.path == "/add-checkpoint" else (404, "")
            self.send_response(status)
            if status == 409:
                self.send_header("content-type", "text/x.tlog.size")
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    witness.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield witness
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
