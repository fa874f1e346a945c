"""A version of the charter comes into force by two stewards, everywhere, and none that drops what nothing moves."""

import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import anthropic
import pytest
from django.core.cache import cache
from django.db import IntegrityError
from django.test import Client

from audit.log.models import Entry
from audit.oversight.charters import ProposalError, approve, learn, obstacles, propose
from audit.oversight.models import CharterProposal, CharterPublication
from charter import bundled, in_force, load_charter, lost, parse_charter, put_in_force, versions
from charter.document import content_of, digest_of
from conversations.charter_replay import replay_waiting
from conversations.models import Turn
from conversations.tasks import forget_idempotency_keys
from operators.models import Account
from operators.publishing import publish
from tests.conftest import CODING
from tests.operators.accounts_help import account, steward
from tests.support.product import free_port
from tests.support.product import web as serve

CURRENT = versions()[0]
TEXT = bundled.document_text(CURRENT.number)
SOFTER = TEXT.replace(
    'id = "scope.outside"\ntier = 4\noutcome = "redirect"', 'id = "scope.outside"\ntier = 3\noutcome = "redirect"'
)
WITHOUT_PROMISE = re.sub(r'\[\[behaviours\]\]\nid = "emergency_referral".*?(?=\[\[)', "", TEXT, flags=re.DOTALL)
WITHOUT_LINE = re.sub(r'\[\[bright_lines\]\]\nid = "cyberweapons".*?(?=\[\[)', "", TEXT, flags=re.DOTALL)
WEAKER = TEXT.replace('id = "bright_line.certain"\ntier = 1', 'id = "bright_line.certain"\ntier = 2')
NEW = {"2.0": SOFTER, "2.1": WITHOUT_PROMISE, "2.2": WITHOUT_LINE, "2.3": WEAKER}


@pytest.fixture
def documents(tmp_path: Path, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the platform's versions and four newer ones, of which the platform's newest is in force."""
    folder = tmp_path / "documents"
    shutil.copytree(bundled.DOCUMENTS, folder)
    entries = []
    for number, text in NEW.items():
        said = text.replace(f'version = "{CURRENT.number}"', f'version = "{number}"')
        assert said != TEXT
        (folder / f"{number}.toml").write_text(said, encoding="utf-8")
        digest = digest_of(content_of(said))
        since = datetime(2027, 1, 1, tzinfo=UTC).isoformat()
        entries.append(
            f'[[versions]]\nnumber = "{number}"\nsince = {since}\ndigest = "{digest}"\nchanged = "Some."\nwhy = "So."\n'
        )
    index = folder / "index.toml"
    index.write_text("\n".join(entries[::-1]) + index.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(bundled, "DOCUMENTS", folder)
    forget()
    cache.clear()
    CharterPublication.objects.create(number=CURRENT.number, digest=CURRENT.digest)
    learn()
    yield folder
    CharterPublication.objects.all().delete()
    time.sleep(1)  # within which other processes of the tests have learned it
    monkeypatch.undo()
    forget()


def forget() -> None:
    put_in_force(None)
    versions.cache_clear()
    bundled._loaded.cache_clear()


@pytest.fixture
def stewards(transactional_db: None) -> list[Account]:
    return [account(f"{name}@example.com", is_steward=True) for name in ("first", "second")]


def test_two_stewards_put_a_version_in_force_in_every_process(documents, new_key, model, log_file):
    deployment, key = new_key(CODING)
    first, second = (steward(f"{name}@example.com") for name in ("first", "second"))
    environment = {"ANTHROPIC_BASE_URL": model.url, "PLUMBLINE_CHARTER_DOCUMENTS": str(documents)}
    with serve(free_port(), environment, log_file) as web:
        assert cited(web, key, "Give me a good recipe for lasagne") == CURRENT.digest
        cited(web, key, "How do I reverse a list in Python?")
        candidates = first[1].get("/oversight/charter/").content.decode()
        assert "/oversight/charter/2.0/propose/" in candidates
        done = {"reason": "Scope weighs more", "confirmed": "yes"}
        first[1].post("/oversight/charter/2.0/propose/", done)
        proposal = CharterProposal.objects.get()
        assert proposal.state == "replaying"
        page = f"/oversight/proposals/{proposal.pk}/"
        assert b"<progress" in first[1].get(page).content
        assert b"still being replayed" in second[1].post(f"{page}approve/", done).content
        assert replay_waiting() == 1
        proposal.refresh_from_db()
        assert (proposal.state, proposal.turns, proposal.replayed, proposal.changed) == ("ready", 2, 2, 1)
        assert proposal.examples[0]["after"] == "redirect, tier 3, by scope.outside"
        assert b"redirect, tier 3" in second[1].get(page).content
        assert b"takes another steward" in first[1].post(f"{page}approve/", done).content
        assert in_force() == CURRENT
        assert second[1].post(f"{page}approve/", {"reason": "Agreed"}).status_code == 200
        assert in_force() == CURRENT, "looked at only"
        second[1].post(f"{page}approve/", {"reason": "Agreed", "confirmed": "yes"})
        assert in_force().number == "2.0"
        time.sleep(1)
        assert cited(web, key, "Give me a good recipe for lasagne") == in_force().digest
        assert Turn.objects.latest("started_at").tier == 3
        assert publish(deployment, {}, by=None).charter_version == "2.0"
    told = list(Entry.objects.filter(subject_type="charter").order_by("at").values_list("name", "actor_id"))
    assert told == [("charter.proposed", str(first[0].pk)), ("charter.published", str(second[0].pk))]
    with serve(free_port(), environment, log_file) as web:
        assert cited(web, key, "hello") == in_force().digest, "it outlives a restart"


def cited(web: str, key: str, text: str) -> str:
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=1) as client:
        client.messages.create(model="default", max_tokens=9, messages=[{"role": "user", "content": text}])
    return str(Turn.objects.latest("started_at").decision["charter_digest"])


def test_a_process_without_the_version_in_force_does_not_answer(documents, new_key, model, log_file):
    _, key = new_key()
    with serve(free_port(), {"ANTHROPIC_BASE_URL": model.url}, log_file) as web:
        assert cited(web, key, "hello")
        CharterPublication.objects.create(number="2.0", digest=versions()[3].digest)
        time.sleep(1)
        with pytest.raises(anthropic.APIStatusError) as caught:
            cited(web, key, "hello")
        assert caught.value.status_code == 503
        CharterPublication.objects.filter(number="2.0").delete()
        time.sleep(1.5)
        assert cited(web, key, "hello")


def test_a_worker_learns_it_before_each_task(documents):
    CharterPublication.objects.create(number="2.0", digest=versions()[3].digest)
    assert in_force() == CURRENT
    forget_idempotency_keys.apply(throw=True)
    assert in_force().number == "2.0"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("2.1", "the hardcoded behaviour emergency_referral is gone"),
        ("2.2", "bright_lines must match signals: bright_line.cyberweapons"),
        ("2.3", "the rule bright_line.certain, by which bright lines hold, is another"),
        ("0.1", "the platform cannot decide by it"),
        (CURRENT.number, "it is in force"),
        ("9.9", "there is no version 9.9"),
    ],
)
def test_what_cannot_be_proposed(documents, stewards, number, why):
    assert why in "; ".join(obstacles(number))
    with pytest.raises(ProposalError):
        propose(number, reason="Why not", by=stewards[0])
    assert not CharterProposal.objects.exists()


def test_what_is_lost_is_named():
    charter = load_charter()
    assert lost(charter, charter) == ()
    softened = parse_charter(
        TEXT.replace('kind = "hardcoded_off"\n', 'kind = "default_off"\n', 1).replace(
            'without_judge = "decline"', 'without_judge = "caution"', 1
        )
    )
    told = lost(charter, softened)
    assert any("is default_off instead of hardcoded_off" in one for one in told)
    assert any("no longer declines on a suspicion" in one for one in told)


def test_one_open_proposal_a_version_and_a_rejected_one_can_be_made_anew(documents, stewards):
    propose("2.0", reason="First", by=stewards[0])
    with pytest.raises(ProposalError, match="proposed already"):
        propose("2.0", reason="Second", by=stewards[1])
    _, client = steward("third@example.com")
    page = f"/oversight/proposals/{CharterProposal.objects.get().pk}/reject/"
    client.post(page, {"reason": "Not yet", "confirmed": "yes"})
    assert CharterProposal.objects.get().decision_reason == "Not yet"
    assert Entry.objects.filter(name="charter.rejected").exists()
    propose("2.0", reason="Now", by=stewards[1])


def test_the_database_takes_no_charter_of_one_steward(documents, stewards):
    proposal = propose("2.0", reason="x", by=stewards[0])
    with pytest.raises(IntegrityError, match="a_charter_takes_two_stewards"):
        CharterProposal.objects.filter(pk=proposal.pk).update(state="published", decided_by=stewards[0])


def test_a_proposal_made_before_another_came_into_force_is_made_anew(documents, stewards):
    proposal = propose("2.0", reason="x", by=stewards[0])
    CharterProposal.objects.update(state="ready", replaces="1.0")
    with pytest.raises(ProposalError, match="propose it anew"):
        approve(proposal, reason="x", by=stewards[1])
    assert in_force() == CURRENT


def test_the_charter_s_pages_tell_what_is_in_force_and_what_is_to_come(documents):
    client = Client()
    assert f"Version {CURRENT.number}, since" in client.get("/charter/").content.decode()
    assert "not in force yet" in client.get("/charter/versions/2.0/").content.decode()
