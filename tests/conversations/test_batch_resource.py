"""A batch as a resource, without anyone working on it: listed, retrieved, canceled, deleted, and whose it is."""

from datetime import timedelta

import anthropic
import httpx2
import pytest
from django.utils import timezone

from audit.log.models import Entry
from conversations.batches.handing import archive_old, close_batches
from conversations.models import Batch, BatchItem, BatchPiece
from tests.support.batches import make, results


def ids(page) -> list[str]:
    return [batch.id for batch in page.data]


def expire(batch) -> None:
    Batch.objects.filter(pk=batch.id.removeprefix("msgbatch_")).update(expires_at=timezone.now())


def test_batches_are_listed_newest_first_in_pages(client):
    made = [make(client, "hello").id for _ in range(5)][::-1]
    assert ids(client.messages.batches.list()) == made
    first = client.messages.batches.list(limit=2)
    assert ids(first) == made[:2]
    assert first.has_more
    assert (first.first_id, first.last_id) == (made[0], made[1])
    assert [batch.id for batch in first] == made  # the client follows the pages
    assert ids(client.messages.batches.list(after_id=made[1], limit=2)) == made[2:4]
    assert ids(client.messages.batches.list(after_id=made[4])) == []
    before = client.messages.batches.list(before_id=made[3], limit=2)
    assert ids(before) == made[1:3]
    assert before.has_more
    assert ids(client.messages.batches.list(before_id=made[1], limit=2)) == made[:1]
    assert ids(client.messages.batches.list(after_id=made[0], before_id=made[3])) == made[1:3]


def test_a_cursor_that_is_none_is_followed_by_nothing(client):
    make(client, "hello")
    page = client.messages.batches.list(after_id="after_id", before_id="before_id", limit=1)
    assert page.data == []
    assert page.has_more is False
    assert page.first_id is None
    assert page.last_id is None


@pytest.mark.parametrize("limit", ["0", "1001", "x", "1.5", "9" * 5000])
def test_a_limit_out_of_bounds_is_named(web, key, limit):
    response = httpx2.get(f"{web}/v1/messages/batches", params={"limit": limit}, headers={"x-api-key": key})
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith("limit:")


def test_another_deployment_s_batch_is_not_there(client, web, new_key):
    batch = make(client, "hello")
    with anthropic.Anthropic(base_url=web, api_key=new_key()[1], max_retries=0) as other:
        assert ids(other.messages.batches.list()) == []
        for call in (
            other.messages.batches.retrieve,
            other.messages.batches.cancel,
            other.messages.batches.delete,
            other.messages.batches.results,
        ):
            with pytest.raises(anthropic.NotFoundError, match="there is no batch"):
                call(batch.id)
    assert client.messages.batches.retrieve(batch.id).processing_status == "in_progress"


@pytest.mark.parametrize("name", ["x", "msgbatch_", "msgbatch_" + "0" * 32, "msgbatch_" + "z" * 32, "a%00b", "٣" * 400])
def test_no_batch_is_a_404_in_shape(web, key, name):
    for method, more in [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/results")]:
        url = f"{web}/v1/messages/batches/{name}{more}"
        response = httpx2.request(method, url, headers={"x-api-key": key})
        assert response.status_code == 404
        assert response.json()["error"]["type"] == "not_found_error"


def test_a_canceled_batch_ends_with_what_was_not_begun_canceled(client):
    batch = make(client, "hello", "hello again")
    canceled = client.messages.batches.cancel(batch.id)
    assert canceled.processing_status == "canceling"
    assert canceled.cancel_initiated_at is not None
    assert canceled.request_counts.processing == 2
    assert client.messages.batches.cancel(batch.id) == canceled
    assert close_batches() == 2
    over = client.messages.batches.retrieve(batch.id)
    assert over.processing_status == "ended"
    assert over.request_counts.canceled == 2
    assert over.request_counts.processing == 0
    assert {one.type for one in results(client, over).values()} == {"canceled"}
    assert client.messages.batches.cancel(batch.id) == over
    assert Entry.objects.filter(name="batch.canceled").count() == 1
    assert not BatchItem.objects.exclude(params=b"").exists()


def test_a_large_batch_is_closed_in_stretches(client, monkeypatch):
    monkeypatch.setattr("conversations.batches.handing.ITEMS_AT_ONCE", 2)
    batch = make(client, *(["hello"] * 5))
    client.messages.batches.cancel(batch.id)
    assert [close_batches() for _ in range(4)] == [2, 2, 1, 0]
    assert client.messages.batches.retrieve(batch.id).request_counts.canceled == 5


def test_what_is_not_answered_within_a_day_expires(client):
    batch = make(client, "hello")
    assert close_batches() == 0
    expire(batch)
    assert close_batches() == 1
    over = client.messages.batches.retrieve(batch.id)
    assert over.processing_status == "ended"
    assert over.request_counts.expired == 1
    assert results(client, over)["r-0"].type == "expired"


def test_results_are_not_there_before_the_end(web, key, client):
    batch = make(client, "hello")
    with pytest.raises(anthropic.AnthropicError, match="No `results_url`"):
        client.messages.batches.results(batch.id)
    response = httpx2.get(f"{web}/v1/messages/batches/{batch.id}/results", headers={"x-api-key": key})
    assert response.status_code == 404
    assert response.json()["error"]["type"] == "not_found_error"


def test_only_an_ended_batch_is_deleted_and_its_content_with_it(client):
    batch = make(client, "hello")
    with pytest.raises(anthropic.BadRequestError, match="has not ended"):
        client.messages.batches.delete(batch.id)
    client.messages.batches.cancel(batch.id)
    close_batches()
    assert client.messages.batches.delete(batch.id).to_dict() == {"id": batch.id, "type": "message_batch_deleted"}
    assert not BatchItem.objects.exists()
    assert not BatchPiece.objects.exists()
    assert ids(client.messages.batches.list()) == []
    left = client.messages.batches.retrieve(batch.id)
    assert left.archived_at is not None
    assert left.results_url is None
    assert left.request_counts.canceled == 1
    with pytest.raises(anthropic.AnthropicError, match="No `results_url`"):
        client.messages.batches.results(batch.id)
    assert Entry.objects.filter(name="batch.deleted").count() == 1


def test_every_call_can_be_repeated_on_one_ended_batch(web, key, client):
    """As the official client's own tests do with one id: strictly validated, deleted and asked for again."""
    batch = make(client, "hello")
    expire(batch)
    close_batches()
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0, _strict_response_validation=True) as strict:
        for _ in range(2):
            for batches in (strict.messages.batches, strict.beta.messages.batches):
                assert batches.retrieve(batch.id).processing_status == "ended"
                assert batches.cancel(batch.id).cancel_initiated_at is None
                assert batches.delete(batch.id).id == batch.id
    assert Entry.objects.filter(name="batch.deleted").count() == 1


def test_results_are_let_go_after_29_days_and_the_batch_still_shown(client):
    kept, old, gone = (make(client, "hello") for _ in range(3))
    for batch in (kept, old, gone):
        expire(batch)
    close_batches()
    client.messages.batches.delete(gone.id)
    long_ago = timezone.now() - timedelta(days=30)
    Batch.objects.exclude(pk=kept.id.removeprefix("msgbatch_")).update(created_at=long_ago)
    Batch.objects.exclude(deleted_at=None).update(deleted_at=long_ago)
    assert archive_old() == 1
    assert archive_old() == 0
    assert results(client, kept)
    assert client.messages.batches.retrieve(old.id).archived_at is not None
    assert client.messages.batches.retrieve(old.id).results_url is None
    assert ids(client.messages.batches.list()) == [old.id, kept.id]
    assert Entry.objects.filter(name="retention.applied").count() == 1
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve(gone.id)
