"""Commands as one file each, for pipelines and auditors that have nothing but Python."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse

from audit.log import cli as log_cli
from operators import cli

FILE = Path(cli.__file__).with_name("plumbline.py")
VERIFY = Path(log_cli.__file__).with_name("plumbline_verify.py")


def script(_request: HttpRequest) -> HttpResponse:
    """`plumbline`, for anyone: it holds no secret, and does nothing without a key."""
    return _python(FILE)


def verify_script(_request: HttpRequest) -> HttpResponse:
    """`plumbline-verify`, for anyone."""
    return _python(VERIFY)


def _python(file: Path) -> HttpResponse:
    return HttpResponse(file.read_bytes(), content_type="text/x-python; charset=utf-8")
