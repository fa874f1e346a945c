"""/v1/messages/batches."""

from conversations.api.contract.messages import BODY
from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    COUNT,
    LINES,
    TEXT,
    TIME,
    Part,
    Shown,
    answer,
    asked,
    constant,
    lines,
    many,
    nullable,
    obj,
    one_of,
    page_of,
    parameter,
    query,
    ref,
    shared,
    takes,
    text,
)
from conversations.api.contract.shared import OF_BODIES, OF_READING
from conversations.batches.reading import MOST_REQUESTS

BATCH_ID = "msgbatch_0192d3a06f0e7c619a640c8f1d2b3c4d"
BATCH = {
    "id": BATCH_ID,
    "type": "message_batch",
    "processing_status": "in_progress",
    "request_counts": {"processing": 1, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
    "ended_at": None,
    "created_at": "2027-01-31T08:00:00Z",
    "expires_at": "2027-02-01T08:00:00Z",
    "archived_at": None,
    "cancel_initiated_at": None,
    "results_url": None,
}
_PATH = parameter("batch_id", TEXT, "The batch's id.", where="path", example=BATCH_ID)
_RESULTS = """{"custom_id":"first","result":{"type":"succeeded","message":{…}}}
{"custom_id":"second","result":{"type":"expired"}}
"""

SCHEMAS: Part = {
    "BatchRequest": asked(
        {
            "requests": many(
                obj(
                    {
                        "custom_id": text("Unique in its batch.", pattern="^[a-zA-Z0-9_-]{1,64}$"),
                        "params": {
                            "description": "The body of `POST /v1/messages`, but for `stream: true`.",
                            "allOf": [ref("MessagesRequest"), {"properties": {"stream": {"const": False}}}],
                        },
                    }
                ),
                minItems=1,
                maxItems=MOST_REQUESTS,
            )
        },
        required=("requests",),
        more=True,
    ),
    "Batch": obj(
        {
            "id": TEXT,
            "type": constant("message_batch"),
            "processing_status": one_of("in_progress", "canceling", "ended"),
            "request_counts": obj(
                dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), COUNT),
                about="All count as `processing` until the whole batch has ended.",
            ),
            "ended_at": nullable(TIME),
            "created_at": TIME,
            "expires_at": TIME,
            "archived_at": nullable(TIME),
            "cancel_initiated_at": nullable(TIME),
            "results_url": nullable(TEXT),
        }
    ),
    "BatchPage": page_of(ref("Batch")),
    "BatchResult": obj(
        {
            "custom_id": TEXT,
            "result": {
                "anyOf": [
                    obj({"type": constant("succeeded"), "message": ref("Message")}),
                    obj({"type": constant("errored"), "error": ref("Error")}),
                    obj({"type": one_of("canceled", "expired")}),
                ]
            },
        },
        about="One line of the results.",
    ),
    "BatchDeleted": obj({"id": TEXT, "type": constant("message_batch_deleted")}),
}

_PAGE = {"data": [BATCH], "has_more": False, "first_id": BATCH_ID, "last_id": BATCH_ID}
_ONE = answer("The batch.", Shown(ref("Batch"), BATCH))

OPERATIONS = {
    ("/v1/messages/batches", "POST"): Operation(
        "create_batch",
        "Batches",
        "Create a batch",
        f"At most {MOST_REQUESTS:,} requests in a body of at most 256 MB, each answered within a day as one turn.",
        scope="turns",
        parameters=[shared("anthropic-version"), shared("anthropic-beta")],
        body=takes(ref("BatchRequest"), one_request={"requests": [{"custom_id": "first", "params": BODY}]}),
        answers={200: _ONE},
        errors=OF_BODIES,
    ),
    ("/v1/messages/batches", "GET"): Operation(
        "list_batches",
        "Batches",
        "List the batches",
        "The deployment's, newest first. A cursor that is not there any more is followed by nothing.",
        scope="turns",
        parameters=[
            shared("limit"),
            query("after_id", TEXT, "Those after this one."),
            query("before_id", TEXT, "Those before this one."),
        ],
        answers={200: answer("One page.", Shown(ref("BatchPage"), _PAGE))},
    ),
    ("/v1/messages/batches/{batch_id}", "GET"): Operation(
        "get_batch",
        "Batches",
        "One batch",
        "Its status and, once it has ended, where its results are.",
        scope="turns",
        parameters=[_PATH],
        answers={200: _ONE},
        errors=(*OF_READING, 404),
    ),
    ("/v1/messages/batches/{batch_id}", "DELETE"): Operation(
        "delete_batch",
        "Batches",
        "Delete a batch",
        "Takes requests and results away, once the batch has ended; before that it is a 400. Deleting twice is "
        "answered alike.",
        scope="turns",
        parameters=[_PATH],
        answers={
            200: answer("Deleted.", Shown(ref("BatchDeleted"), {"id": BATCH_ID, "type": "message_batch_deleted"}))
        },
        errors=(*OF_READING, 404),
    ),
    ("/v1/messages/batches/{batch_id}/cancel", "POST"): Operation(
        "cancel_batch",
        "Batches",
        "Cancel a batch",
        "What is under way is finished, the rest is `canceled`. A batch that has ended stays as it is.",
        scope="turns",
        parameters=[_PATH],
        answers={200: _ONE},
        errors=(*OF_BODIES, 404),
    ),
    ("/v1/messages/batches/{batch_id}/results", "GET"): Operation(
        "get_batch_results",
        "Batches",
        "A batch's results",
        "A line of JSON for each request, in the order asked; each line is a `BatchResult`. 404 before the batch has "
        "ended.",
        scope="turns",
        parameters=[_PATH],
        answers={200: answer("The results.", Shown(lines(ref("BatchResult")), _RESULTS, LINES))},
        errors=(*OF_READING, 404),
    ),
}
