"""The console's pages of an operator's own upstreams: keys go in and never come out, and nobody else's is in reach."""

from typing import Any
from uuid import uuid4

import anthropic
import pytest
from django.test import Client
from django.urls import reverse

from audit.log.models import Entry
from config.sealing import unseal
from conversations.models import Turn
from operators.keys import create_key
from operators.models import Account, Deployment, Membership, Model, ModelRoute, Operator, Upstream
from tests.conversations.catalogue import model as make_model
from tests.conversations.catalogue import upstream as make_upstream
from tests.support.model_server import running
from tests.support.product import free_port
from tests.support.product import web as serve

KEY = "sk-very-secret"
LIST = reverse("upstreams")


@pytest.fixture
def acme(db) -> Operator:
    return Operator.objects.create(name="Acme")


def person(operator: Operator | None, role: str = "owner") -> Client:
    account = Account.objects.create_user(f"{uuid4()}@example.com", "pw")
    if operator:
        Membership.objects.create(operator=operator, account=account, role=role)
    client = Client()
    client.force_login(account)
    return client


def new(client: Client, operator: Operator, **fields: str) -> Any:
    path = reverse("upstream-new", args=[operator.pk])
    form = {"name": "Ours", "base_url": "https://models.example", "position": "0", "enabled": "on", "api_key": KEY}
    return client.post(path, form | fields)


def change(client: Client, upstream: Upstream, **fields: str) -> Any:
    path = reverse("upstream", args=[upstream.pk])
    form = {"name": upstream.name, "base_url": upstream.base_url, "position": "0", "enabled": "on"}
    return client.post(path, form | fields)


def key_of(upstream: Upstream) -> str:
    return unseal(bytes(upstream.sealed_key), upstream.seal_context)


def test_without_one_the_page_says_who_answers(acme):
    page = person(acme).get(LIST)
    assert "the platform's upstreams answer" in page.text
    assert LIST in person(acme).get(reverse("deployments")).text


def test_a_key_is_sealed_for_its_operator_and_never_shown(acme):
    client = person(acme, "developer")
    assert new(client, acme).status_code == 302
    upstream = Upstream.objects.get()
    assert upstream.operator == acme
    assert key_of(upstream) == KEY
    pages = [client.get(LIST), client.get(reverse("upstream", args=[upstream.pk]))]
    again = change(client, upstream, name="", api_key="sk-typed-again")
    assert again.status_code == 200
    assert "key set" in pages[0].text
    assert "no-store" in pages[1]["cache-control"]
    assert not any(secret in page.text for page in (*pages, again) for secret in (KEY, "sk-typed-again"))
    entry = Entry.objects.get(name="upstream.created")
    assert entry.subject_id == str(upstream.pk)
    assert entry.detail["operator"] == str(acme.pk)
    assert KEY not in str(entry.detail)


def test_a_key_is_replaced_or_removed_and_does_not_follow_to_another_address(acme):
    client = person(acme)
    new(client, acme)
    upstream = Upstream.objects.get()
    assert "Give it again" in change(client, upstream, base_url="https://thief.example").text
    upstream.refresh_from_db()
    change(client, upstream, api_key="sk-new")
    upstream.refresh_from_db()
    assert key_of(upstream) == "sk-new"
    change(client, upstream, without_key="on")
    upstream.refresh_from_db()
    assert upstream.sealed_key is None
    changed = Entry.objects.filter(name="upstream.changed").order_by("pk")
    assert sorted(entry.detail["fields"] for entry in changed) == [["api_key"], ["without_key"]]


@pytest.mark.parametrize("address", ["https://10.0.0.1", "http://models.example", "https://u:p@models.example"])
def test_an_address_that_it_may_not_have_is_told_beside_it(acme, address):
    refused = new(person(acme), acme, base_url=address)
    assert refused.status_code == 200
    assert refused.context["form"].errors.keys() == {"base_url"}
    assert not Upstream.objects.exists()


def test_a_name_is_used_once_by_each_operator(acme):
    client = person(acme)
    new(client, acme)
    assert "of that name already" in new(client, acme).text
    other = Operator.objects.create(name="Other")
    assert new(person(other), other).status_code == 302


def test_the_models_it_serves_are_those_it_may_know_of(acme, settings):
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    theirs = make_upstream("https://theirs.example", name="theirs", operator=Operator.objects.create(name="Other"))
    platforms = make_upstream("https://platform.example", name="platform")
    make_model("secret", {theirs: "x"})
    make_model("gone", {None: "x"}, lifecycle="retired")
    shared, free = make_model("shared", {platforms: "x", theirs: "y"}), make_model("free", {})
    client = person(acme)
    page = client.get(reverse("upstream-new", args=[acme.pk]))
    offered = [field.label for field in page.context["form"].serving]
    assert sorted(offered) == sorted(["shared", "free", settings.UPSTREAM_MODEL])
    new(client, acme, **{f"model-{shared.pk}": "shared-there", "model-environment": "sonnet-there"})
    upstream = Upstream.objects.get(operator=acme)
    served = ModelRoute.objects.filter(upstream=upstream).values_list("model__name", "name")
    assert sorted(served) == sorted([("shared", "shared-there"), (settings.UPSTREAM_MODEL, "sonnet-there")])
    assert Entry.objects.filter(name="model.created").count() == 1
    environments = Model.objects.get(name=settings.UPSTREAM_MODEL)
    change(client, upstream, **{f"model-{free.pk}": "f", f"model-{environments.pk}": "sonnet-there"})
    served = ModelRoute.objects.filter(upstream=upstream).values_list("model__name", flat=True)
    assert sorted(served) == sorted(["free", settings.UPSTREAM_MODEL])
    assert ModelRoute.objects.filter(upstream=platforms).exists()


def test_removing_one_is_an_entry_and_takes_its_key_and_routes(acme):
    client = person(acme)
    new(client, acme)
    upstream = Upstream.objects.get()
    make_model("m", {upstream: "m"})
    assert client.post(reverse("upstream-remove", args=[upstream.pk])).status_code == 302
    assert not Upstream.objects.exists()
    assert not ModelRoute.objects.exists()
    assert Entry.objects.get(name="upstream.removed").subject_id == str(upstream.pk)


def test_only_owners_and_developers_of_the_operator_come_in(acme):
    upstream = make_upstream("https://models.example", name="Ours", operator=acme)
    platforms = make_upstream("https://platform.example", name="platform")
    there = [reverse("upstream-new", args=[acme.pk]), reverse("upstream", args=[upstream.pk])]
    remove = reverse("upstream-remove", args=[upstream.pk])
    analyst, stranger = person(acme, "analyst"), person(Operator.objects.create(name="Other"))
    assert [analyst.get(path).status_code for path in (LIST, *there)] == [403] * 3
    assert [analyst.post(path).status_code for path in (*there, remove)] == [403] * 3
    assert [stranger.get(path).status_code for path in there] == [404] * 2
    assert [stranger.post(path).status_code for path in (*there, remove)] == [404] * 3
    assert "Ours" not in stranger.get(LIST).text
    assert person(acme).get(reverse("upstream", args=[platforms.pk])).status_code == 404
    assert person(None).get(LIST).status_code == 403
    assert [Client().get(path).status_code for path in (LIST, *there)] == [302] * 3
    assert Upstream.objects.count() == 2


def test_it_answers_first_with_its_key_and_the_conversations_page_says_so(
    transactional_db, model, log_file, acme, settings
):
    settings.PRIVATE_UPSTREAMS = True
    settings.ANTHROPIC_BASE_URL = model.url
    deployment = Deployment.objects.create(operator=acme, name="App")
    client = person(acme)
    here = {"ANTHROPIC_BASE_URL": model.url, "PLUMBLINE_PRIVATE_UPSTREAMS": "1"}
    with running(api_key=KEY) as own, serve(free_port(), here, log_file) as address:
        assert new(client, acme, base_url=own.url, **{"model-environment": "ours-1"}).status_code == 302
        with anthropic.Anthropic(base_url=address, api_key=create_key(deployment, "k", by=None)[1]) as app:
            question = {"role": "user", "content": "hello"}
            app.messages.create(model="default", max_tokens=9, messages=[question])
        (asked,) = own.requests
    assert (asked.headers["x-api-key"], asked.body["model"]) == (KEY, "ours-1")
    assert not model.requests
    turn = Turn.objects.get()
    page = client.get(reverse("conversation", args=[deployment.pk, turn.conversation_id]))
    assert "Answered by Ours, as ours-1" in page.text
