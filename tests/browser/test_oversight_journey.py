"""Stewards at work: a second factor set up and asked for, a pause that holds, a conversation ended, a replay."""

import re
import time

import anthropic
import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from playwright.sync_api import Page, expect

from audit.oversight.models import CharterProposal, Pause
from conversations.models import Conversation
from operators.management.commands.seed_demo import STEWARD
from operators.models import Account
from tests.browser.test_accessibility import grave_findings

SIZES = {"phone": 360, "desk": 1440}


def code_for(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def ask(demo: dict[str, str], text: str = "hello") -> anthropic.types.Message:
    with anthropic.Anthropic(base_url=demo["web"], api_key=demo["key"], max_retries=0) as client:
        return client.messages.create(model="default", max_tokens=99, messages=[{"role": "user", "content": text}])


@pytest.fixture
def steward(demo, sign_in) -> Page:
    """Signed in, with an authenticator app set up on the way to the first act."""
    page = sign_in("steward")
    page.get_by_role("link", name="Pause", exact=True).click()
    expect(page.get_by_text("needs a second factor")).to_be_visible()
    page.get_by_role("link", name="Set up an authenticator app").click()
    page.get_by_label("Password").fill(demo["password"])
    page.get_by_role("button", name="Confirm").click()
    secret = page.get_by_label("Authenticator secret").input_value()
    page.get_by_label("Authenticator code").fill(code_for(secret))
    page.get_by_role("button", name="Activate").click()
    page.goto(f"{demo['web']}/oversight/pauses/new/")
    cache.clear()  # a code serves once, and the next comes in half a minute
    page.get_by_label("Code").fill(code_for(secret))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Pause", exact=True)).to_be_visible()
    return page


def looked_at(page: Page, name: str, picture) -> list[str]:
    """The page's faults in all its forms, light and dark, narrow and wide."""
    picture(name)
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for size, width in SIZES.items():
            page.set_viewport_size({"width": width, "height": 850})
            found += grave_findings(page, f"{name} {scheme} {size}")
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{name} {size}: wider than the screen")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 850})
    return found


def test_a_steward_pauses_lifts_and_ends(demo, steward: Page, picture):
    page, found = steward, []
    page.get_by_label("What").select_option(label="Demo Coding · Coding helper")
    page.get_by_label("Why").fill("Looking into complaints")
    found += looked_at(page, "oversight-act", picture)
    page.get_by_label("Why").press("Enter")
    expect(page.get_by_text("1 deployment stops answering")).to_be_visible()
    assert not Pause.objects.exists(), "a key alone does nothing"
    found += looked_at(page, "oversight-confirm", picture)
    page.get_by_role("button", name="Pause now").click()
    expect(page.get_by_role("status")).to_contain_text("Paused: Demo Coding · Coding helper")
    time.sleep(1)
    with pytest.raises(anthropic.PermissionDeniedError, match="Looking into complaints"):
        ask(demo)
    found += looked_at(page, "oversight", picture)
    page.get_by_role("link", name=re.compile("Lift")).click()
    page.get_by_label("Why").fill("All is well")
    page.get_by_role("button", name="Look at what it does").click()
    page.get_by_role("button", name="Lift it").click()
    expect(page.get_by_text("Nothing is paused")).to_be_visible()
    time.sleep(1)
    ask(demo)
    page.get_by_role("link", name="Conversations", exact=True).click()
    page.get_by_role("link", name=re.compile("UTC")).click()
    page.get_by_role("link", name="End this conversation").click()
    page.get_by_label("Why").fill("It went astray")
    page.get_by_role("button", name="Look at what it does").click()
    page.get_by_role("button", name="End it for good").click()
    expect(page.get_by_role("status")).to_contain_text("ended")
    assert Conversation.objects.get().ended_at
    page.goto(f"{demo['web']}/oversight/history/")
    expect(page.get_by_text("It went astray")).to_be_visible()
    found += looked_at(page, "oversight-history", picture)
    assert found == []


def test_members_see_what_is_paused_and_why(demo, sign_in, picture):
    person = Account.objects.get(email=STEWARD)
    Pause.objects.create(subject_type="behaviour", subject_id="crude_language", reason="Odd results", placed_by=person)
    page = sign_in("operator")
    expect(page.locator(".steward-notice")).to_contain_text("Odd results")
    assert looked_at(page, "oversight-notice", picture) == []


def test_a_proposal_shows_its_replay_as_it_goes_on(demo, sign_in, picture):
    person = Account.objects.get(email=STEWARD)
    proposal = CharterProposal.objects.create(
        number="1.0", digest="sha256:0", replaces="1.1", reason="To see", proposed_by=person, turns=40, replayed=10
    )
    page = sign_in("steward")
    page.goto(f"{demo['web']}/oversight/proposals/{proposal.pk}/")
    expect(page.get_by_text("10 of 40 turns are decided anew")).to_be_visible()
    found = looked_at(page, "oversight-proposal", picture)
    examples = [
        {"turn": "x", "conversation": str(proposal.pk), "deployment": "Acme · Helper", "before": "answer, tier 4"}
    ]
    examples[0]["after"] = "decline, tier 2, by harm.certain"
    CharterProposal.objects.update(replayed=40, changed=1, state="ready", examples=examples)
    expect(page.get_by_text("1 of 40 turns would have been decided otherwise")).to_be_visible()
    found += looked_at(page, "oversight-replayed", picture)
    page.goto(f"{demo['web']}/oversight/charter/")
    found += looked_at(page, "oversight-charter", picture)
    assert found == []
