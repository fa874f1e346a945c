"""The command `plumbline` as one file, for pipelines that have nothing but Python."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse

from operators import cli

FILE = Path(cli.__file__).with_name("plumbline.py")


def script(_request: HttpRequest) -> HttpResponse:
    """For anyone: it holds no secret, and does nothing without a key."""
    return HttpResponse(FILE.read_bytes(), content_type="text/x-python; charset=utf-8")
