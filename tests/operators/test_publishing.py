"""Publishing holds settings to the charter: what breaks a rule is refused by its name, a reason is kept for good."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from charter import ConfigurationError, load_charter
from operators.models import Account, Deployment, Membership, Operator
from operators.publishing import publish

REASON = "Our users are verified clinicians at two hospitals."
NEEDING = [behaviour for behaviour in load_charter().behaviours if behaviour.needs_reason]
NAMES = ("graphic_violence", "crude_language", "blunt_feedback")


@pytest.fixture
def deployment(db) -> Deployment:
    return Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")


@pytest.fixture
def owner(deployment) -> Client:
    account = Account.objects.create_user("o@example.com", "pw")
    Membership.objects.create(operator=deployment.operator, account=account, role="owner")
    client = Client()
    client.force_login(account)
    return client


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"behaviours": {"emergency_referral": {"state": "off"}}}, "behaviours.emergency_referral"),
        ({"behaviours": {"firearms_maintenance": {"users_may_adjust": True, "reason": REASON}}},
         "behaviours.firearms_maintenance"),
        ({"behaviours": {"clinical_dosage": {"state": "on"}}}, "behaviours.clinical_dosage"),
        ({"tone": {"warmth": "icy"}}, "tones"),
        ({"persona": {"name": "x" * 61}}, "limits"),
        ({"scope": {"restrict": True}}, "scope.says_what_it_is_for"),
    ],
)  # fmt: skip
def test_settings_that_break_a_rule_are_refused_with_that_rule_and_nothing_is_published(
    deployment, owner, settings, rule
):
    with pytest.raises(ConfigurationError, match=rf"rule {rule}\)"):
        publish(deployment, settings, by=None)
    Deployment.objects.filter(pk=deployment.pk).update(draft=settings)
    page = owner.post(reverse("deployment-publish", args=[deployment.pk]), {"over": 0, "note": ""}, follow=True)
    assert f"(rule {rule})" in page.content.decode()
    assert deployment.configurations.count() == 0


@pytest.mark.parametrize("behaviour", NEEDING, ids=lambda behaviour: behaviour.id)
def test_a_reason_is_demanded_and_kept_with_the_version_for_good(deployment, behaviour):
    state = "off" if behaviour.default else "on"
    for missing in ({}, {"reason": ""}, {"reason": "because"}):
        with pytest.raises(ConfigurationError) as raised:
            publish(deployment, {"behaviours": {behaviour.id: {"state": state, **missing}}}, by=None)
        assert [problem.rule for problem in raised.value.problems] == [f"behaviours.{behaviour.id}"]
    made = publish(deployment, {"behaviours": {behaviour.id: {"state": state, "reason": REASON}}}, by=None)
    publish(deployment, {}, by=None)
    made.refresh_from_db()
    assert made.settings["behaviours"][behaviour.id]["reason"] == REASON
    assert (made.charter_version, made.charter_digest) == (load_charter().version, load_charter().digest)
    with pytest.raises(DatabaseError, match="does not change"), transaction.atomic():
        deployment.configurations.filter(pk=made.pk).update(settings={})


def test_granting_users_what_needs_a_reason_needs_one_too(deployment):
    with pytest.raises(ConfigurationError, match="must say, in at least"):
        publish(deployment, {"behaviours": {"explicit_content": {"users_may_adjust": True}}}, by=None)


def test_an_operator_widens_and_narrows_what_users_may_adjust_in_the_console(deployment, owner):
    page = reverse("deployment-behaviours", args=[deployment.pk])
    there = {f"{name}-there": "1" for name in NAMES}
    owner.post(page, there | {"graphic_violence-users": "on", "blunt_feedback-users": "on"})
    deployment.refresh_from_db()
    assert deployment.draft["behaviours"] == {
        "graphic_violence": {"users_may_adjust": True},
        "crude_language": {"users_may_adjust": False},
    }
    shown = owner.get(page).content.decode()
    ticked = {name: "checked" in shown.split(f'name="{name}-users"')[1].split(">")[0] for name in NAMES}
    assert ticked == {"graphic_violence": True, "crude_language": False, "blunt_feedback": True}
    assert 'name="safe_messaging-users"' not in shown
