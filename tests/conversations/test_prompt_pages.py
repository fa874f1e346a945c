"""An operator sees exactly what is sent: before a turn, from the settings; after it, to the letter, by the digest."""

import json
from html import unescape

import anthropic
import pytest
from django.test import Client
from django.urls import reverse

from audit.log.models import Entry
from charter import load_charter
from conversations.models import Turn
from operators.models import Account, Deployment, Membership
from operators.publishing import publish
from tests.conftest import CODING

SHAPED = {
    **CODING,
    "persona": {"name": "Ada <b>", "style": "Precise"},
    "tone": {"formality": "formal", "language": "de"},
    "instructions": "Mention the spring sale & <script>.",
    "behaviours": {"crude_language": {"state": "on"}},
}


@pytest.fixture
def deployment(new_key) -> Deployment:
    return new_key(SHAPED)[0]


def person(deployment: Deployment | None = None, **fields: bool) -> Client:
    account = Account.objects.create_user(f"{'member' if deployment else 'staff'}@example.com", "pw", **fields)
    if deployment:
        Membership.objects.create(operator=deployment.operator, account=account, role="analyst")
    client = Client()
    client.force_login(account)
    return client


def shown(page) -> list[dict]:
    """The system blocks as the page gives them."""
    assert page.status_code == 200
    return json.loads(unescape(page.content.decode().split("<pre")[-1].split(">", 1)[1].split("</pre>")[0]))


def ask(web: str, key: str, text: str, **more: object) -> None:
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0, timeout=20) as client:
        client.messages.create(model="default", max_tokens=50, messages=[{"role": "user", "content": text}], **more)


def path(turn: Turn) -> str:
    return reverse("turn-prompt", args=[turn.deployment_id, turn.conversation_id, turn.pk])


def test_what_the_console_shows_of_the_live_settings_is_what_an_ordinary_turn_sends(web, new_key, model):
    deployment, key = new_key(SHAPED)
    ask(web, key, "How do I reverse a list in Python?")
    page = person(deployment).get(reverse("deployment-prompt", args=[deployment.pk]))
    assert shown(page) == model.requests[-1].body["system"]
    assert "version 1, live" in page.content.decode()


def test_every_turn_shows_what_its_model_was_told_to_the_letter(web, new_key, model):
    deployment, key = new_key(SHAPED)
    adjusted = {"plumbline": {"user_adjustments": {"crude_language": False, "blunt_feedback": True}}}
    ask(web, key, "Is this code any good, or a scam? print(1)", system="Call me Captain.", extra_body=adjusted)
    ask(web, key, "I want to end it all", system=[{"type": "text", "text": "Be brief."}])
    publish(deployment, {}, by=None)
    client, told = person(deployment), [request.body["system"] for request in model.requests]
    turns = list(Turn.objects.order_by("started_at"))
    for turn, system in zip(turns, told, strict=True):
        page = client.get(path(turn))
        assert shown(page) == system
        assert "to the letter" in page.content.decode()
        assert "not to the letter" not in page.content.decode()
        assert turn.decision["system_digest"] in page.content.decode()
    assert len(told[1]) == 4, "a rule spoke, so its directive is shown too"


def test_a_turn_in_our_own_words_says_that_no_model_was_asked(web, new_key, model):
    deployment, key = new_key(SHAPED)
    ask(web, key, "Give me a good recipe for lasagne")
    page = person(deployment).get(path(Turn.objects.get())).content.decode()
    assert not model.requests
    assert "No model was asked" in page


def test_a_prompt_that_is_not_what_was_recorded_is_not_passed_off_as_it(web, new_key):
    deployment, key = new_key(SHAPED)
    ask(web, key, "How do I reverse a list in Python?")
    turn = Turn.objects.get()
    client = person(deployment)
    decision = {**turn.decision, "system_digest": "0" * 64}
    Turn.objects.update(content=dict(turn.content), data_key=None, decision=decision)
    assert "not to the letter" in client.get(path(turn)).content.decode()
    Turn.objects.update(charter_digest="sha256:" + "0" * 64)
    page = client.get(path(turn)).content.decode()
    assert "the charter that decided is not at hand" in page
    assert "<pre" not in page


def test_concerns_lead_to_their_rule_in_the_version_that_decided(web, new_key):
    deployment, key = new_key(SHAPED)
    ask(web, key, "Give me a good recipe for lasagne")
    turn = Turn.objects.get()
    client = person(deployment)
    page = client.get(reverse("conversation", args=[deployment.pk, turn.conversation_id])).content.decode()
    rule = f"/charter/versions/{load_charter().version}/#rule-scope.outside"
    assert f'href="{rule}"' in page
    assert 'id="rule-scope.outside"' in client.get(rule).content.decode()
    assert path(turn) in page
    Turn.objects.update(charter_digest="sha256:" + "0" * 64)
    page = client.get(reverse("conversation", args=[deployment.pk, turn.conversation_id]))
    assert page.status_code == 200
    assert "#rule-" not in page.content.decode()


def test_who_may_see_a_conversation_may_see_what_was_sent_and_nobody_else(web, new_key):
    deployment, key = new_key(SHAPED)
    other, _ = new_key()
    ask(web, key, "How do I reverse a list in Python?")
    turn = Turn.objects.get()
    for_staff = reverse("any-turn-prompt", args=[turn.conversation_id, turn.pk])
    assert Client().get(path(turn)).status_code == 302
    member = person(other)
    assert member.get(path(turn)).status_code == 404
    assert member.get(reverse("turn-prompt", args=[other.pk, turn.conversation_id, turn.pk])).status_code == 404
    assert member.get(reverse("deployment-prompt", args=[deployment.pk])).status_code == 404
    assert member.get(for_staff).status_code == 403
    assert Entry.objects.filter(name="conversation.viewed").count() == 0
    reviewer = person(is_reviewer=True)
    assert "to the letter" in reviewer.get(for_staff).content.decode()
    assert Entry.objects.filter(name="conversation.viewed").count() == 1


def test_the_draft_is_shown_beside_what_is_live(deployment):
    Deployment.objects.filter(pk=deployment.pk).update(draft={"persona": {"name": "Velo"}})
    client, page = person(deployment), reverse("deployment-prompt", args=[deployment.pk])
    live, draft = client.get(page), client.get(page, {"of": "draft"})
    assert ("«Ada <b>»" in shown(live)[1]["text"], "«Velo»" in shown(draft)[1]["text"]) == (True, True)
    assert "<b>»" not in live.content.decode()
    assert [block.get("cache_control") for block in shown(draft)] == [None, {"type": "ephemeral"}]


def test_a_draft_that_the_charter_does_not_allow_says_what_and_by_which_rule(deployment):
    Deployment.objects.filter(pk=deployment.pk).update(draft={"behaviours": {"clinical_dosage": {"state": "on"}}})
    page = person(deployment).get(reverse("deployment-prompt", args=[deployment.pk]), {"of": "draft"}).content.decode()
    assert "Nothing can be sent" in page
    assert "behaviours.clinical_dosage" in page


def test_tokens_are_counted_by_a_tokenizer_that_is_named(deployment):
    page = person(deployment).get(reverse("deployment-prompt", args=[deployment.pk])).content.decode()
    assert "Counted by WordPiece of all-MiniLM-L6-v2" in page
    assert "stay the same from turn to turn" in page
