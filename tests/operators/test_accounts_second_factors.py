"""What is kept of second factors, and what the log says of them."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.test import Client

from audit.log.models import Entry
from tests.operators.accounts_help import PASSWORD, account, sign_in

ACTIVATE = "/account/second-factor/totp/activate/"


@pytest.fixture
def secret(db) -> str:
    """Of the app that Ada set up."""
    cache.clear()
    account("ada@acme.example", is_steward=True)
    client = Client()
    sign_in(client, "ada@acme.example")
    assert client.get(ACTIVATE).url.startswith("/account/reauthenticate/"), "signing in is not enough"
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get(ACTIVATE)
    made = page.context["form"].secret
    client.post(ACTIVATE, {"code": code(made)})
    return str(made)


def code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


@pytest.mark.django_db(transaction=True)
def test_secrets_are_sealed_and_setting_them_is_an_entry_and_a_mail(secret):
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    told = [entry.detail["type"] for entry in Entry.objects.filter(name="account.second_factor_set")]
    assert sorted(told) == ["recovery_codes", "totp"]
    assert mail.outbox[-1].to == ["ada@acme.example"]


@pytest.mark.django_db(transaction=True)
def test_the_password_alone_no_longer_opens_anything(secret):
    client = Client()
    assert sign_in(client, "ada@acme.example").url.startswith("/account/second-factor/authenticate/")
    assert client.get("/oversight/").status_code == 302
    assert client.get("/admin/").status_code == 302
    for _ in range(6):
        last = client.post("/account/second-factor/authenticate/", {"code": "000000"})
    assert b"Too many" in last.content


@pytest.mark.django_db(transaction=True)
def test_how_staff_signed_in_is_told(secret):
    recovery = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    client = Client()
    sign_in(client, "ada@acme.example")
    assert client.post("/account/second-factor/authenticate/", {"code": recovery}).url == "/"
    assert client.get("/oversight/").status_code == 200
    entry = Entry.objects.filter(name="staff.signed_in").latest("at")
    assert entry.detail == {"by": ["password", "recovery_codes"], "roles": ["steward"]}
