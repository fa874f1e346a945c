"""People who sign up, sign in and read their mail, through the pages."""

import re
from typing import Any

from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from operators.models import Account, Membership, Operator

PASSWORD = "a long and rare one"
NEW = {"name": "Ada", "email": "ada@acme.example", "password1": PASSWORD, "organisation": "Acme"}


def account(email: str, **fields: Any) -> Account:
    """A person whose address is confirmed."""
    made = Account.objects.create_user(email, PASSWORD, **fields)
    EmailAddress.objects.create(user=made, email=email, verified=True, primary=True)
    return made


def member(operator: Operator, role: str, email: str) -> tuple[Account, Client]:
    """A signed-in member."""
    made = account(email)
    Membership.objects.create(operator=operator, account=made, role=role)
    client = Client()
    client.force_login(made)
    return made, client


def sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post("/sign-in/", {"login": email, "password": password})


def link(part: str) -> str:
    """The path of the link that the last mail holds."""
    found = re.search(rf"http://testserver(\S*{part}\S*)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]
