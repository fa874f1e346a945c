"""The catalogue's pages: keys that go in and never come out, addresses, and what is written of each change."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.log.models import Entry
from config.sealing import SealError, seal, unseal
from operators.models import Account, Deployment, Model, Operator, Upstream

MASTER, OTHER = "m" * 40, "o" * 40
KEY = "sk-very-secret"


@pytest.fixture
def steward(db) -> Client:
    client = Client()
    client.force_login(Account.objects.create_user("s@example.com", "pw", is_steward=True))
    return client


def save(client: Client, upstream: Upstream | None = None, **fields: str):
    path = reverse("admin:operators_upstream_change", args=[upstream.pk]) if upstream else add_path()
    form = {"name": "Main", "base_url": "https://models.example", "position": "0", "enabled": "on"}
    return client.post(path, form | fields)


def add_path() -> str:
    return reverse("admin:operators_upstream_add")


def key_of(upstream: Upstream) -> str:
    return unseal(bytes(upstream.sealed_key), upstream.seal_context)


def test_a_key_is_sealed_and_never_shown_and_its_setting_is_an_entry(steward):
    assert save(steward, api_key=KEY).status_code == 302
    upstream = Upstream.objects.get()
    assert KEY.encode() not in bytes(upstream.sealed_key)
    assert key_of(upstream) == KEY
    assert KEY not in steward.get(reverse("admin:operators_upstream_change", args=[upstream.pk])).text
    entry = Entry.objects.get(name="upstream.created")
    assert entry.subject_id == str(upstream.pk)
    assert KEY not in str(entry.detail)


def test_a_key_stays_goes_or_is_replaced(steward):
    save(steward, api_key=KEY)
    upstream = Upstream.objects.get()
    assert save(steward, upstream, name="Renamed").status_code == 302
    upstream.refresh_from_db()
    assert (upstream.name, key_of(upstream)) == ("Renamed", KEY)
    save(steward, upstream, api_key="sk-new")
    upstream.refresh_from_db()
    assert key_of(upstream) == "sk-new"
    save(steward, upstream, without_key="on")
    upstream.refresh_from_db()
    assert upstream.sealed_key is None


def test_a_key_does_not_follow_its_upstream_to_another_address(steward):
    save(steward, api_key=KEY)
    upstream = Upstream.objects.get()
    elsewhere = {"base_url": "https://thief.example"}
    assert "Give it again" in save(steward, upstream, **elsewhere).text
    upstream.refresh_from_db()
    assert upstream.base_url == "https://models.example"
    assert save(steward, upstream, **elsewhere, api_key="sk-new").status_code == 302
    upstream.refresh_from_db()
    assert key_of(upstream) == "sk-new"


def test_an_operators_upstream_cannot_lie_inside_but_the_platforms_can(steward):
    operator = Operator.objects.create(name="Acme")
    inside = {"base_url": "https://10.0.0.1"}
    assert "not on the public internet" in save(steward, **inside, operator=str(operator.pk)).text
    assert save(steward, **inside).status_code == 302


def test_only_stewards_come_in(db):
    client = Client()
    client.force_login(Account.objects.create_user("r@example.com", "pw", is_reviewer=True))
    assert client.get(add_path()).status_code == 302
    assert "/admin/login/" in client.get(add_path())["location"]


def test_a_model_its_routes_and_rules_are_one_form(steward):
    empty = {
        f"{inline}-{part}": value
        for inline in ("routes", "rules")
        for part, value in (("TOTAL_FORMS", "1"), ("INITIAL_FORMS", "0"))
    }
    form = empty | {
        "name": "m-1",
        "aliases": '["m"]',
        "created_at_0": "2026-01-01",
        "created_at_1": "00:00:00",
        "lifecycle": "active",
        "routes-0-name": "there",
        "rules-0-field": "messages.0",
        "rules-0-action": "drop",
    }
    refused = steward.post(reverse("admin:operators_model_add"), form)
    assert "Plumbline governs this field itself." in refused.text
    assert steward.post(reverse("admin:operators_model_add"), form | {"rules-0-field": "top_k"}).status_code == 302
    model = Model.objects.get()
    assert [route.name for route in model.routes.all()] == ["there"]
    assert [rule.field for rule in model.rules.all()] == ["top_k"]
    assert Entry.objects.filter(name="model.created", subject_id=str(model.pk)).exists()


def test_a_deployments_models_must_exist_and_its_aliases_be_among_them(steward):
    Model.objects.create(name="a")
    Model.objects.create(name="b")
    deployment = Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")
    path = reverse("admin:operators_deployment_change", args=[deployment.pk])
    assert "no model zz" in steward.post(path, {"model_names": '["zz"]', "model_aliases": "{}"}).text
    beyond = steward.post(path, {"model_names": '["a"]', "model_aliases": '{"fast": "b"}'})
    assert "Not among its models: b" in beyond.text
    assert steward.post(path, {"model_names": '["a"]', "model_aliases": '{"fast": "a"}'}).status_code == 302
    deployment.refresh_from_db()
    assert (deployment.model_names, deployment.model_aliases) == (["a"], {"fast": "a"})


def test_a_seal_opens_with_its_context_and_its_master_key_only(settings):
    settings.MASTER_KEYS = [MASTER]
    sealed = seal(KEY, "here")
    assert sealed != seal(KEY, "here")
    with pytest.raises(SealError):
        unseal(sealed, "there")
    with pytest.raises(SealError):
        unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), "here")
    settings.MASTER_KEYS = [OTHER]
    with pytest.raises(SealError, match="not in PLUMBLINE_MASTER_KEY"):
        unseal(sealed, "here")
    settings.MASTER_KEYS = [OTHER, MASTER]
    assert unseal(sealed, "here") == KEY
    for none in ([], ["short"]):
        settings.MASTER_KEYS = none
        with pytest.raises(SealError, match="PLUMBLINE_MASTER_KEY"):
            seal(KEY, "here")
