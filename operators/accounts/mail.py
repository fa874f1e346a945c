"""Development's mailbox: what would have been sent, newest first, for whoever reaches this address."""

import email
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

MOST = 50
_NAME = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]+\.log")
"""As the file back end of Django calls them: time of day and a number."""
_AFTER_EACH = "\n" + "-" * 79


@dataclass(frozen=True, slots=True)
class Mail:
    name: str
    subject: str
    to: str
    at: datetime
    text: str


@never_cache
def mails(request: HttpRequest) -> HttpResponse:
    paths = sorted(_folder().glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)
    return render(request, "accounts/mails.html", {"mails": [one for path in paths[:MOST] for one in _read(path)]})


@never_cache
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail, by the name of its file and its place in it: `20260101-120000-1.log.0`."""
    file, _dot, place = name.rpartition(".")
    path = _folder() / file
    if not _NAME.fullmatch(file) or not path.is_file():
        raise Http404
    found = [one for one in _read(path) if one.name == f"{file}.{place}"]
    if not found:
        raise Http404
    return render(request, "accounts/mail.html", {"mail": found[0]})


def _folder() -> Path:
    if not settings.MAIL_IS_LOCAL:
        raise Http404
    return Path(settings.EMAIL_FILE_PATH)


def _read(path: Path) -> list[Mail]:
    """The mails of a file, the last one first: a connection may have sent several."""
    parts = [part.strip() for part in path.read_text(errors="replace").split(_AFTER_EACH)]
    return [_parsed(part, f"{path.name}.{number}") for number, part in enumerate(parts) if part][::-1]


def _parsed(text: str, name: str) -> Mail:
    message = email.message_from_string(text, EmailMessage, policy=default)  # type: ignore[arg-type]
    body = message.get_body(("plain",))
    return Mail(
        name=name,
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        at=parsedate_to_datetime(str(message["Date"])),
        text=body.get_content() if body else "",
    )
