"""People who sign up, sign in and read their mail, through the pages."""

import re
import time
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
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


def steward(email: str = "steward@example.com", *, factor_seconds_ago: float | None = 0) -> tuple[Account, Client]:
    """A signed-in steward with an authenticator app, who gave a code so long ago; None for not in this session."""
    made = account(email, name=email.partition("@")[0].title(), is_steward=True)
    authenticator = TOTP.activate(made, generate_totp_secret())
    client = Client()
    client.force_login(made)
    session = client.session
    session["account_authentication_methods_user"] = str(made.pk)
    if factor_seconds_ago is not None:
        given = {"method": "mfa", "type": "totp", "id": authenticator.instance.pk}
        session["account_authentication_methods"] = [given | {"at": time.time() - factor_seconds_ago}]
    session.save()
    return made, client
