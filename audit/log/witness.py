"""A witness: somebody else's server that signs our checkpoints too, once it has seen that the log only grew.

C2SP tlog-witness: POST add-checkpoint with the size that the witness has, the proof from there, and the checkpoint. It
answers with its cosignature, or with the size that it has instead. A log that was cut or rewritten gets none.
"""

import base64
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException

from cryptography.exceptions import InvalidSignature

from audit.log.notes import COSIGNATURE, SIGNATURE_LINE, Head, NoteError, Verifier

TIMEOUT_SECONDS = 10
LARGEST_ANSWER = 64 * 1024
AHEAD_SECONDS = 600
"""How far a witness's clock may be from ours."""

Prove = Callable[[int, int], list[bytes]]
"""The consistency proof from one size to another."""


class WitnessError(OSError):
    """The witness gave no cosignature; the text says why."""


class WitnessConflictError(WitnessError):
    """The witness has seen another history of this log."""


class Witness:
    def __init__(self, url: str, verifier: Verifier, prove: Prove) -> None:
        """url: what `add-checkpoint` is appended to. verifier: the witness's key for cosignatures."""
        self.url, self.verifier, self.prove = url.rstrip("/"), verifier, prove
        self._known = 0

    @property
    def name(self) -> str:
        return f"the witness {self.verifier.name}"

    def cosign(self, note: str) -> str:
        """The note with the witness's signature below ours. Raises WitnessError, and what proving raises."""
        text = note.rpartition("\n\n")[0] + "\n"
        head = Head.parse(text)
        status, answer = self._ask(head, note)
        if status == 409:
            # It has another size than we thought: after a start, or because a second sequencer led meanwhile.
            self._known = self._told_size(answer, head)
            status, answer = self._ask(head, note)
        if status in {409, 422}:
            raise WitnessConflictError(f"{self.name} has seen another history of this log: {answer.strip()[:200]}")
        if status != 200:
            raise WitnessError(f"{self.name} answers {status}: {answer.strip()[:200]}")
        line = self._checked(answer, text)
        self._known = head.size
        return f"{note}{line}\n"

    def _ask(self, head: Head, note: str) -> tuple[int, str]:
        proof = self.prove(self._known, head.size) if 0 < self._known < head.size else []
        steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in proof)
        body = f"old {self._known}\n{steps}\n{note}".encode()
        request = urllib.request.Request(f"{self.url}/add-checkpoint", body, method="POST")  # noqa: S310 - configured
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - configured
                return int(answer.status), answer.read(LARGEST_ANSWER).decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read(LARGEST_ANSWER).decode(errors="replace")
        except (OSError, HTTPException) as error:
            raise WitnessError(f"{self.name} cannot be reached: {error}") from error

    def _told_size(self, answer: str, head: Head) -> int:
        told = answer.strip()
        if not (told.isascii() and told.isdigit() and len(told) < 19):
            raise WitnessError(f"{self.name} answers 409 without its size")
        if int(told) > head.size:
            raise WitnessConflictError(f"{self.name} has seen {told} entries; this log has {head.size}")
        return int(told)

    def _checked(self, answer: str, text: str) -> str:
        """The one line of the answer that is a good cosignature of the text (C2SP tlog-cosignature)."""
        for line in answer.split("\n"):
            match = SIGNATURE_LINE.fullmatch(line)
            if not match or match[1] != self.verifier.name:
                continue
            blob = base64.b64decode(match[2])
            if blob[:4] != self.verifier.key_id or len(blob) != 76:
                continue
            at = int.from_bytes(blob[4:12])
            try:
                self.verifier.key.verify(blob[12:], f"cosignature/v1\ntime {at}\n{text}".encode())
            except InvalidSignature as error:
                raise WitnessError(f"{self.name} gave a cosignature that is wrong") from error
            if abs(at - time.time()) > AHEAD_SECONDS:
                raise WitnessError(f"{self.name} has another time than we")
            return line
        raise WitnessError(f"{self.name} gave no cosignature of its key")


def witness_key(vkey: str) -> Verifier:
    """Reads a witness's verifier key. Raises NoteError for one that is for other signatures."""
    verifier = Verifier.parse(vkey)
    if verifier.kind != COSIGNATURE:
        raise NoteError("this is not a witness's key: its algorithm is not that of cosignatures")
    return verifier
