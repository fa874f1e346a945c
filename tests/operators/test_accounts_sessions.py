"""Sessions one can see and end."""

import pytest
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from audit.log.models import Entry
from tests.operators.accounts_help import account, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def browsers(db) -> tuple[Client, Client]:
    """Two of one person's."""
    cache.clear()
    account("ada@acme.example")
    made = Client(HTTP_USER_AGENT="One"), Client(HTTP_USER_AGENT="Two")
    for client in made:
        sign_in(client, "ada@acme.example")
    return made


def test_both_are_listed_and_one_ends_the_other(browsers):
    one, two = browsers
    page = one.get("/account/sessions/").content.decode()
    assert "One" in page
    assert "Two" in page
    other = UserSession.objects.get(user_agent="Two")
    one.post(f"/account/sessions/{other.pk}/end/")
    assert two.get("/deployments/").status_code == 302
    assert one.get("/deployments/").status_code == 200
    assert Entry.objects.filter(name="account.session_ended").count() == 1


def test_all_others_end_at_once(browsers):
    one, two = browsers
    one.post("/account/sessions/")
    assert Entry.objects.filter(name="account.session_ended").count() == 1
    assert two.get("/deployments/").status_code == 302
    assert one.get("/deployments/").status_code == 200


def test_somebody_elses_session_cannot_be_ended(browsers):
    account("eve@acme.example")
    eve = Client()
    sign_in(eve, "eve@acme.example")
    victim = UserSession.objects.get(user_agent="One")
    assert eve.post(f"/account/sessions/{victim.pk}/end/").status_code == 404
    assert browsers[0].get("/deployments/").status_code == 200
