"""Signing up, confirming, signing in, resetting: through the pages, and what the log says of it."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from audit.log.models import Entry
from config.cache import SharedCache
from operators.models import Account, Membership, Operator
from tests.operators.accounts_help import NEW, PASSWORD, account, link, member, sign_in

QUICK = {"serializer": "config.cache.JsonSerializer", "socket_connect_timeout": 1}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_limits(db) -> None:
    cache.clear()


def names() -> list[str]:
    return list(Entry.objects.order_by("at").values_list("name", flat=True))


def test_signing_up_makes_an_operator_with_its_owner():
    client = Client()
    assert client.post("/sign-up/", NEW).url == "/account/confirm-email/"
    membership = Membership.objects.select_related("operator", "account").get()
    assert (membership.operator.name, membership.role) == ("Acme", "owner")
    assert (membership.account.email, membership.account.name) == ("ada@acme.example", "Ada")
    assert names() == ["account.created", "operator.created", "membership.added"]
    added = Entry.objects.get(name="membership.added")
    assert added.detail == {"account": str(membership.account_id), "before": None, "after": "owner"}


def test_nobody_enters_before_the_address_is_confirmed():
    client = Client()
    client.post("/sign-up/", NEW)
    assert client.get("/deployments/").status_code == 302
    assert sign_in(Client(), NEW["email"]).url == "/account/confirm-email/"
    answer = client.post(link("confirm-email"))
    assert answer.url == "/"
    assert client.get("/deployments/").status_code == 200
    assert "account.email_verified" in names()
    assert "account.signed_in" in names()


def test_a_confirmation_link_signs_nobody_in_elsewhere():
    Client().post("/sign-up/", NEW)
    other = Client()
    other.post(link("confirm-email"))
    assert other.get("/deployments/").status_code == 302
    assert sign_in(other, NEW["email"]).url == "/"


def test_a_taken_address_is_answered_like_a_free_one():
    account("ada@acme.example")
    before = Account.objects.count()
    client = Client()
    taken = client.post("/sign-up/", NEW)
    free = Client().post("/sign-up/", {**NEW, "email": "free@acme.example"})
    assert (taken.status_code, taken.url) == (free.status_code, free.url)
    pages = [one.get(taken.url).content.split(b"<main")[1].split(b"</main")[0] for one in (client, client)]
    assert pages[0] == pages[1]
    assert Account.objects.count() == before + 1
    assert not Operator.objects.filter(members__email="ada@acme.example").exists()
    assert [message.to[0] for message in mail.outbox] == ["ada@acme.example", "free@acme.example"]


def test_resetting_for_a_stranger_looks_as_for_a_member():
    account("ada@acme.example")
    answers = [
        Client().post("/account/password/reset/", {"email": email}) for email in ("ada@acme.example", "no@acme.example")
    ]
    assert answers[0].url == answers[1].url
    assert len(mail.outbox) == 2


def test_a_reset_link_works_once_and_ends_every_session():
    account("ada@acme.example")
    signed_in = Client()
    sign_in(signed_in, "ada@acme.example")
    client = Client()
    client.post("/account/password/reset/", {"email": "ada@acme.example"})
    path = link("reset/key")
    form = client.get(path).url
    new = {"password1": "another long one", "password2": "another long one"}
    assert client.post(form, new).status_code == 302
    assert signed_in.get("/deployments/").status_code == 302
    assert b"no longer good" in Client().get(path, follow=True).content
    assert sign_in(Client(), "ada@acme.example").status_code == 200
    assert sign_in(Client(), "ada@acme.example", "another long one").url == "/"
    assert Entry.objects.get(name="account.password_changed").detail == {"reset_by_mail": True}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password1", "short"),
        ("password1", "ada@acme.example"),
        ("organisation", ""),
        ("organisation", "a\u202eb"),
        ("name", "x" * 121),
        ("name", "a\0b"),
        ("email", "nobody"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_typed_is_lost(field, value):
    answer = Client().post("/sign-up/", {**NEW, field: value})
    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {field}
    kept = "Acme" if field != "organisation" else "Ada"
    assert f'value="{kept}"' in answer.content.decode()
    assert not Account.objects.exists()


def test_guessing_a_password_is_stopped_for_the_right_one_too():
    account("ada@acme.example")
    for _ in range(5):
        sign_in(Client(), "ada@acme.example", "wrong")
    assert b"Too many" in sign_in(Client(), "ada@acme.example").content


def test_signing_up_is_limited_by_address():
    answers = [Client().post("/sign-up/", {**NEW, "email": "x"}).status_code for _ in range(21)]
    assert answers[-1] == 429
    assert set(answers[:-1]) == {200}


def test_staff_sign_ins_are_entries_of_their_own():
    account("s@plumbline.example", is_steward=True)
    account("r@plumbline.example", is_reviewer=True)
    for email in ("s@plumbline.example", "r@plumbline.example"):
        assert sign_in(Client(), email).url == "/"
    told = [entry.detail for entry in Entry.objects.filter(name="staff.signed_in").order_by("at")]
    assert told == [{"by": ["password"], "roles": ["steward"]}, {"by": ["password"], "roles": ["reviewer"]}]


def test_the_admin_has_no_door_of_its_own():
    answer = Client().post("/admin/login/", {"username": "s@plumbline.example", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in/")


def test_an_unknown_next_page_leads_home():
    account("ada@acme.example")
    answer = Client().post(
        "/sign-in/", {"login": "ada@acme.example", "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert answer.url == "/"


def test_mail_is_readable_in_development_only(settings, tmp_path):
    settings.MAIL_IS_LOCAL = False
    assert Client().get("/mail/").status_code == 404
    settings.MAIL_IS_LOCAL = True
    settings.EMAIL_FILE_PATH = str(tmp_path)
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    client = Client()
    assert b"None yet" in client.get("/mail/").content
    client.post("/sign-up/", {**NEW, "email": "ada@acme.example"})
    page = client.get("/mail/").content.decode()
    assert "Confirm your address" in page
    found = re.search(r'href="(/mail/.+?)"', page)
    assert found
    assert "/account/confirm-email/" in client.get(found[1]).content.decode()
    for bad in ("x", "../settings.py.0", "20260101-000000-1.log.0", "%00"):
        assert client.get(f"/mail/{bad}/").status_code == 404


def test_a_mail_server_that_is_away_loses_nothing_but_the_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    answer = Client().post("/sign-up/", NEW, follow=True)
    assert b"not reachable" in answer.content
    assert Account.objects.get().email == "ada@acme.example"


def test_an_address_changes_once_its_new_one_is_confirmed():
    person, client = member(Operator.objects.create(name="Acme"), "owner", "ada@acme.example")
    client.post("/account/email/", {"action_add": "", "email": "new@acme.example"})
    person.refresh_from_db()
    assert person.email == "ada@acme.example"
    client.post(link("confirm-email"))
    person.refresh_from_db()
    assert person.email == "new@acme.example"
    assert "account.email_changed" in names()


@pytest.mark.parametrize("confirmed", [True, False])
def test_somebody_elses_address_cannot_be_taken(confirmed):
    if confirmed:
        account("ada@acme.example")
    else:
        Client().post("/sign-up/", NEW)
    eve, client = member(Operator.objects.create(name="Other"), "owner", "eve@other.example")
    answer = client.post("/account/email/", {"action_add": "", "email": "ada@acme.example"})
    assert answer.status_code == 302, "it is not told that the address is known"
    client.post(link("confirm-email"))
    eve.refresh_from_db()
    assert eve.email == "eve@other.example"


def test_limits_hold_across_processes_and_without_the_shared_cache(settings):
    ours = SharedCache(settings.CACHES["default"]["LOCATION"], {**settings.CACHES["default"], "OPTIONS": QUICK})
    ours.set("test-of-limits", [1.5])
    assert cache.get("test-of-limits") == [1.5], "another client of the same Valkey sees it"
    away = SharedCache("redis://127.0.0.1:9/0", {"KEY_PREFIX": "plumbline", "OPTIONS": QUICK})
    assert away.add("x", 1, 60)
    assert not away.add("x", 1, 60)
    away.delete("x")
    assert away.get("x", "gone") == "gone"


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_that_failed_is_an_entry_that_tells_no_address():
    person = account("ada@acme.example", is_steward=True)
    assert sign_in(Client(), "Ada@acme.example", "wrong").status_code == 200
    assert sign_in(Client(), "nobody@acme.example", "wrong").status_code == 200
    first, second = Entry.objects.filter(name="account.sign_in_failed").order_by("at")
    assert (first.subject_id, first.detail) == (str(person.pk), {"staff": True})
    assert (second.subject_id, second.detail) == ("unknown", {"staff": False})
