"""A conversation as its operator reads it: turns in pages with their reasons, branches, an address for each turn."""

import re

import httpx2
import pytest
from django.test import Client
from django.urls import reverse

from audit.log.models import Entry
from charter import load_charter
from conversations.models import Conversation, Turn
from conversations.pages.views import PAGE
from operators.models import Account
from tests.conftest import CODING
from tests.conversations.records import ask, body, go_on
from tests.conversations.turns import DAY, DECISION, NOTHING, turn
from tests.support.people import signed_in


@pytest.fixture
def told(web, model, new_key):
    """A turn by a deployment that changed a behaviour."""
    deployment, key = new_key(CODING | {"behaviours": {"blunt_feedback": {"state": "on"}}})
    with httpx2.Client(base_url=web, headers={"x-api-key": key}, timeout=20) as api:
        yield deployment, api, ask(api, "How do I reverse a list? [[say:Like so.]]", "anna")


def read(deployment, conversation: str, query: str = "") -> str:
    path = reverse("conversation", args=[deployment.pk, conversation]) + query
    return signed_in(deployment.operator, "analyst").get(path).text


def test_a_turn_tells_why_and_how(told):
    deployment, _, answer = told
    text, made = read(deployment, answer["conversation"]), Turn.objects.get()
    for part in (
        "Like so.",
        "The message is answered",
        load_charter().tiers[0].name,
        "by the operator",
        f"{made.input_tokens:,} in, {made.output_tokens} out",
        made.request_id,
        str(made.entry_id),
        reverse("turn-prompt", args=[deployment.pk, made.conversation_id, made.pk]),
        reverse("turn", args=[deployment.pk, made.pk]),
        "?user=anna",
    ):
        assert part in text, part


def test_branches_are_told_at_both_ends(told):
    deployment, api, answer = told
    asked = [
        {"role": "user", "content": "How do I reverse a list? [[say:Like so.]]"},
        {"role": "assistant", "content": "Like so."},
    ]
    go_on(api, answer["conversation"], "And a tuple?", "anna")
    api.post("/v1/messages", json=body("", "anna", messages=[*asked, {"role": "user", "content": "And a string?"}]))
    branch = Conversation.objects.exclude(branched_from=None).get()
    first = Turn.objects.get(pk=answer["turn"])
    assert reverse("conversation", args=[deployment.pk, branch.pk]) in read(deployment, answer["conversation"])
    assert reverse("turn", args=[deployment.pk, first.pk]) in read(deployment, str(branch.pk))


@pytest.fixture
def long(db, new_key):
    """A conversation of more turns than a page holds."""
    deployment, _ = new_key()
    shown = Conversation.objects.create(id="0193a0a0-0000-7000-8000-000000000000", deployment=deployment)
    for number in range(1, 2 * PAGE + 2):
        content = NOTHING | {"answer": [{"type": "text", "text": f"answer {number}."}]}
        fields = {"number": number, "conversation": shown, "content": content, "decision": DECISION}
        turn(deployment, deployment.keys.get(), DAY, **fields)
    return deployment, str(shown.pk)


def test_a_long_one_comes_in_pages_with_as_few_queries(long, django_assert_max_num_queries):
    deployment, shown = long
    client = signed_in(deployment.operator, "analyst")
    path, numbers, query = reverse("conversation", args=[deployment.pk, shown]), [], ""
    while query is not None:
        with django_assert_max_num_queries(14):
            text = client.get(path + query).text
        numbers.append([int(number) for number in re.findall(r"answer (\d+)\.", text)])
        found = re.search(r'href="(\?from=\d+)" rel="next"', text)
        query = found[1] if found else None
    assert [one for page in numbers for one in page] == list(range(1, 2 * PAGE + 2))
    assert 'rel="prev"' in text


@pytest.mark.parametrize("number", [1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 1])
def test_an_address_of_a_turn_leads_to_its_page(long, number):
    deployment, _ = long
    wanted = Turn.objects.get(number=number)
    client = signed_in(deployment.operator, "analyst")
    response = client.get(reverse("turn", args=[deployment.pk, wanted.pk]), follow=True)
    assert response.redirect_chain[-1][0].endswith(f"#turn-{wanted.pk}")
    assert f'id="turn-{wanted.pk}"' in response.text


@pytest.mark.parametrize("start", ["0", "-1", "x", "9" * 40, "%00", "²"])
def test_a_place_that_is_none_is_the_beginning(long, start):
    assert "answer 1." in read(*long, f"?from={start}")


def test_a_reviewers_address_of_a_turn_leads_there_too(long):
    wanted = Turn.objects.get(number=PAGE)
    reviewer = Client()
    reviewer.force_login(Account.objects.create_user("reviewer@example.com", is_reviewer=True))
    response = reviewer.get(reverse("any-turn", args=[wanted.pk]), follow=True)
    assert f'id="turn-{wanted.pk}"' in response.text
    assert Entry.objects.filter(name="conversation.viewed").count() == 1
