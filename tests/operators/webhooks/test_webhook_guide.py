"""The guide's receiver does what the guide says."""

import os
import re
import socket
from pathlib import Path

from operators.webhooks.sending import send
from tests.operators.webhooks.test_webhook_sending import BODY, OLD, SECRET
from tests.support.product import ROOT, free_port, process
from tests.support.waiting import until

GUIDE = ROOT / "docs" / "api" / "webhooks.md"


def test_the_receiver_in_python_takes_what_is_signed_and_nothing_else(tmp_path: Path, settings, log_file):
    settings.PRIVATE_WEBHOOKS = True
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    program = tmp_path / "receiver.py"
    program.write_text(example)
    port = free_port()
    environment = {"PORT": str(port), "PLUMBLINE_WEBHOOK_SECRET": SECRET, "PYTHONUNBUFFERED": "1"}
    with process(str(program), environment={**os.environ, **environment}, log=log_file):
        until(lambda: listens(port), 30)
        url = f"http://127.0.0.1:{port}/"
        assert send(url, [SECRET], "msg_1", BODY).status == 204
        assert send(url, [OLD], "msg_2", BODY).status == 401
    assert "msg_1 turn.flagged" in log_file.read_text()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
