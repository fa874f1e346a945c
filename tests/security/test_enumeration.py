"""Nobody learns here which addresses have accounts: not by what is answered, and not by how long it takes.

How long is told by what costs time: passwords hashed and mails sent.
"""

import re
from typing import Any, ClassVar

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client

from operators.models import Invitation, Operator
from tests.operators.accounts_help import NEW, account, member

KNOWN, UNKNOWN = "ada@acme.example", "nobody@acme.example"


class Counting(PBKDF2PasswordHasher):
    """Counts how often it hashed."""

    iterations = 1
    times: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        Counting.times.append(password)
        return super().encode(password, salt, iterations)


@pytest.fixture(autouse=True)
def counted(db, settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    cache.clear()
    account(KNOWN)


def told(path: str, fields: dict[str, str]) -> dict[str, Any]:
    """What a stranger can observe."""
    cache.clear()
    Counting.times.clear()
    before = len(mail.outbox)
    client = Client()
    answer = client.post(path, fields)
    shown = client.get(answer.url) if answer.status_code == 302 else answer
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", shown.content.decode())
    return {
        "status": answer.status_code,
        "to": answer.headers.get("location"),
        "text": re.sub("|".join(re.escape(one) for one in fields.values()), "…", text),
        "hashed": len(Counting.times),
        "mails": len(mail.outbox) - before,
        "cookies": sorted(client.cookies),
    }


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/sign-in/", {"password": "not the right one"}),
        ("/account/password/reset/", {}),
        ("/sign-up/", NEW),
    ],
)
def test_a_known_and_an_unknown_address_are_answered_alike(path, fields):
    name = "login" if path == "/sign-in/" else "email"
    known, unknown = (told(path, {**fields, name: address}) for address in (KNOWN, UNKNOWN))
    assert known == unknown


def test_a_closed_account_is_answered_like_no_account():
    account("gone@acme.example", is_active=False)
    closed, unknown = (
        told("/sign-in/", {"login": address, "password": "x" * 12}) for address in ("gone@acme.example", UNKNOWN)
    )
    assert closed == unknown


def test_inviting_tells_nothing_of_accounts_elsewhere():
    operator = Operator.objects.create(name="Other")
    _, owner = member(operator, "owner", "o@other.example")
    answers = []
    for address in (KNOWN, UNKNOWN):
        before = len(mail.outbox)
        answer = owner.post(f"/operators/{operator.pk}/members/", {"email": address, "role": "analyst"})
        answers.append((answer.status_code, answer.headers.get("location"), len(mail.outbox) - before))
    assert answers[0] == answers[1]
    assert Invitation.objects.count() == 2
