"""Members by invitation: who may do what, and that it takes hold at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from audit.log.models import Entry
from operators.access import MAY, Action, may
from operators.members.invitations import InvitationError, accept
from operators.members.membership import LastOwnerError, remove
from operators.models import Account, Deployment, Invitation, Membership, Operator
from tests.operators.accounts_help import NEW, account, link, member, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(db) -> Operator:
    cache.clear()
    return Operator.objects.create(name="Acme")


@pytest.fixture
def owner(acme) -> Client:
    return member(acme, "owner", "owner@acme.example")[1]


def invite(client: Client, operator: Operator, email: str = "new@acme.example", role: str = "developer"):
    return client.post(f"/operators/{operator.pk}/members/", {"email": email, "role": role})


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("owner", {Action.READ, Action.CHANGE, Action.MANAGE_MEMBERS}),
        ("developer", {Action.READ, Action.CHANGE}),
        ("analyst", {Action.READ}),
        (None, set()),
    ],
)
def test_what_each_role_may(acme, role, allowed):
    person = account("p@acme.example")
    if role:
        Membership.objects.create(operator=acme, account=person, role=role)
    elsewhere = Operator.objects.create(name="Elsewhere")
    assert {action for action in Action if may(person, action, acme)} == allowed
    assert not any(may(person, action, elsewhere) for action in Action)
    assert set(MAY) == set(Membership.Role.values)


PAGES = [
    ("get", "members/", {"owner": 200, "developer": 200, "analyst": 200}),
    ("post", "members/", {"owner": 200, "developer": 403, "analyst": 403}),
    ("post", "members/{other}/role/", {"owner": 302, "developer": 403, "analyst": 403}),
    ("post", "members/{other}/remove/", {"owner": 302, "developer": 403, "analyst": 403}),
    ("post", "invitations/{invitation}/resend/", {"owner": 302, "developer": 403, "analyst": 403}),
    ("post", "invitations/{invitation}/withdraw/", {"owner": 302, "developer": 403, "analyst": 403}),
    ("get", "upstreams/new/", {"owner": 200, "developer": 200, "analyst": 403}),
]


@pytest.mark.parametrize(("method", "path", "by_role"), PAGES, ids=[f"{method} {path}" for method, path, _ in PAGES])
def test_pages_by_role(acme, owner, method, path, by_role):
    other = Membership.objects.create(operator=acme, account=account("other@acme.example"), role="analyst")
    invitation = Invitation.objects.create(operator=acme, email="i@acme.example", role="analyst")
    url = f"/operators/{acme.pk}/" + path.format(other=other.pk, invitation=invitation.pk)
    stranger = member(Operator.objects.create(name="Other"), "owner", "stranger@other.example")[1]
    assert getattr(stranger, method)(url).status_code == 404
    assert getattr(Client(), method)(url).url.startswith("/sign-in/")
    for role in ("analyst", "developer", "owner"):
        client = member(acme, role, f"{role}2@acme.example")[1]
        assert getattr(client, method)(url).status_code == by_role[role], role


def test_a_new_person_joins_instead_of_making_an_operator(acme, owner):
    assert invite(owner, acme).status_code == 302
    assert mail.outbox[-1].to == ["new@acme.example"]
    client = Client()
    path = link("invitations")
    assert b"Sign up to join" in client.get(path).content
    page = client.get("/sign-up/").content.decode()
    assert "You join Acme as developer" in page
    assert "Organisation" not in page
    client.post("/sign-up/", {**NEW, "email": "someone.else@acme.example", "organisation": "Ignored"})
    person = Account.objects.get(email="new@acme.example")
    assert [(one.operator, one.role) for one in person.memberships.all()] == [(acme, "developer")]
    assert client.get("/deployments/").status_code == 200, "the link proved the address"
    assert Client().get(path).status_code == 410
    invited, added = (Entry.objects.get(name=f"membership.{name}") for name in ("invited", "added"))
    assert invited.detail["role"] == "developer"
    assert added.detail["after"] == "developer"
    assert (added.actor_id, added.subject_id) == (str(person.pk), str(acme.pk))


def test_a_known_person_signs_in_and_belongs_to_both(acme, owner):
    person, _ = member(Operator.objects.create(name="Other"), "owner", "new@acme.example")
    invite(owner, acme)
    client, path = Client(), link("invitations")
    assert b"Sign in to join" in client.get(path).content
    sign_in(client, person.email)
    assert client.post(path).url == "/deployments/"
    assert {one.name for one in person.operators.all()} == {"Acme", "Other"}
    assert client.post(path).status_code == 410


def test_a_forwarded_link_lets_nobody_else_in(acme, owner):
    invite(owner, acme)
    person, client = member(Operator.objects.create(name="Other"), "owner", "other@other.example")
    path = link("invitations")
    assert b"signed in as other@other.example" in client.get(path).content
    assert client.post(path).status_code == 410
    assert not acme.memberships.filter(account=person).exists()
    assert Invitation.objects.get().state == "pending"


def test_links_end_by_resending_withdrawing_time_and_tampering(acme, owner):
    invite(owner, acme)
    first, made = link("invitations"), Invitation.objects.get()
    owner.post(f"/operators/{acme.pk}/invitations/{made.pk}/resend/")
    second = link("invitations")
    assert Client().get(first).status_code == 410
    assert Client().get(second).status_code == 200
    assert Client().get(second[:-2] + "x/").status_code == 410
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(second).status_code == 410
    owner.post(f"/operators/{acme.pk}/invitations/{made.pk}/resend/")
    third = link("invitations")
    assert Client().get(third).status_code == 200
    owner.post(f"/operators/{acme.pk}/invitations/{made.pk}/withdraw/")
    assert Client().get(third).status_code == 410
    told = set(Entry.objects.values_list("name", flat=True))
    assert {"membership.invited", "invitation.resent", "invitation.withdrawn"} <= told
    assert "new@acme.example" not in str(list(Entry.objects.values_list("detail", flat=True)))


def test_nobody_is_invited_twice_or_again(acme, owner):
    invite(owner, acme)
    assert b"invited already" in invite(owner, acme, "NEW@acme.example").content
    assert b"member already" in invite(owner, acme, "Owner@acme.example").content
    assert len(mail.outbox) == 1


def test_removal_takes_hold_with_the_next_click(acme, owner):
    deployment = Deployment.objects.create(operator=acme, name="App")
    person, client = member(acme, "developer", "dev@acme.example")
    page = f"/deployments/{deployment.pk}/"
    assert client.get(page).status_code == 200
    mine = Membership.objects.get(account=person)
    owner.post(f"/operators/{acme.pk}/members/{mine.pk}/remove/")
    assert client.get(page).status_code == 404
    assert client.post(f"{page}publish/").status_code == 404
    entry = Entry.objects.get(name="membership.removed")
    assert entry.detail == {"account": str(person.pk), "before": "developer", "after": None}


def test_a_new_role_takes_hold_with_the_next_click(acme, owner):
    deployment = Deployment.objects.create(operator=acme, name="App")
    person, client = member(acme, "developer", "dev@acme.example")
    mine = Membership.objects.get(account=person)
    owner.post(f"/operators/{acme.pk}/members/{mine.pk}/role/", {"role": "analyst"})
    assert client.post(f"/deployments/{deployment.pk}/scope/").status_code == 403
    assert Entry.objects.get(name="membership.changed").detail["after"] == "analyst"
    owner.post(f"/operators/{acme.pk}/members/{mine.pk}/role/", {"role": "king"})
    mine.refresh_from_db()
    assert mine.role == "analyst"


def test_the_last_owner_stays(acme, owner):
    mine = Membership.objects.get(operator=acme)
    for act in ("role", "remove"):
        answer = owner.post(f"/operators/{acme.pk}/members/{mine.pk}/{act}/", {"role": "analyst"}, follow=True)
        assert b"last owner stays" in answer.content
    mine.refresh_from_db()
    assert mine.role == "owner"
    Membership.objects.create(operator=acme, account=account("second@acme.example"), role="owner")
    assert owner.post(f"/operators/{acme.pk}/members/{mine.pk}/remove/").url == "/"
    assert acme.memberships.count() == 1


def test_everybody_may_leave_and_nobody_removes_through_another_operator(acme, owner):
    person, client = member(acme, "analyst", "ana@acme.example")
    mine = Membership.objects.get(account=person)
    other = Operator.objects.create(name="Other")
    stranger = member(other, "owner", "stranger@other.example")[1]
    assert stranger.post(f"/operators/{other.pk}/members/{mine.pk}/remove/").status_code == 404
    assert client.post(f"/operators/{acme.pk}/members/{mine.pk}/remove/").url == "/"
    assert not acme.memberships.filter(account=person).exists()


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_at_once_leave_one(acme):
    pair = [Membership.objects.create(operator=acme, account=account(f"{n}@acme.example"), role="owner") for n in "ab"]
    start = Barrier(2)

    def go(one: Membership, other: Membership) -> bool:
        try:
            start.wait(10)
            remove(one, by=other.account)
        except LastOwnerError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(go, pair, pair[::-1]))
    assert sorted(done) == [False, True]
    assert acme.memberships.get().role == "owner"


@pytest.mark.django_db(transaction=True)
def test_a_link_used_twice_at_once_joins_once(acme, owner):
    invite(owner, acme)
    person, found = account("new@acme.example"), Invitation.objects.get()
    start = Barrier(2)

    def go(_: int) -> bool:
        try:
            start.wait(10)
            accept(found, person)
        except InvitationError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, range(2))) == [False, True]
    assert Entry.objects.filter(name="membership.added").count() == 1
