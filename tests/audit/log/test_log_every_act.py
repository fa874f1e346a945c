"""Every way to change something leads to an entry: each page, route, task and command has its line in a table here.

Whoever adds a way adds its line, with the names of its entries, or the reason why there is none.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver

from audit.log.models import Entry
from audit.log.names import Name
from config.celery import app
from conversations.api.contract.document import OPERATIONS
from operators.keys import create_key
from operators.models.deployments import Scope
from tests.support.waiting import until

ROOT = Path(__file__).parents[3]
Why = str | tuple[Name, ...]

LOOKS = "It only looks."
ASKED = "Nothing is kept: the answer is computed."
OWN_VIEW = "How a reviewer looks at cases: it is theirs alone."
OWN_SESSION = "It ends or confirms the caller's own session; signing in is an entry."

API: dict[str, Why] = {
    "create_message": (Name.TURN_RECORDED,),
    "continue_conversation": (Name.TURN_RECORDED,),
    "create_chat_completion": (Name.TURN_RECORDED,),
    "count_tokens": ASKED,
    "decide": ASKED,
    "validate": ASKED,
    "create_batch": (Name.BATCH_CREATED,),
    "cancel_batch": (Name.BATCH_CANCELED,),
    "delete_batch": (Name.BATCH_DELETED,),
    "end_conversation": (Name.CONVERSATION_ENDED,),
    "delete_conversation": (Name.CONVERSATION_DELETED,),
    "put_user_adjustments": (Name.ADJUSTMENTS_CHANGED,),
    "delete_user_adjustments": (Name.ADJUSTMENTS_REMOVED,),
    "delete_user": (Name.ERASURE_REQUESTED, Name.ADJUSTMENTS_REMOVED),
    "change_deployment": (Name.DEPLOYMENT_CHANGED,),
    "put_draft": (Name.CONFIGURATION_DRAFTED,),
    "publish": (Name.CONFIGURATION_PUBLISHED,),
    "roll_back": (Name.CONFIGURATION_ROLLED_BACK,),
    "apply": (Name.CONFIGURATION_PUBLISHED,),
    "create_key": (Name.KEY_CREATED,),
    "rotate_key": (Name.KEY_CREATED, Name.KEY_ROTATED),
    "revoke_key": (Name.KEY_REVOKED,),
    "create_appeal": (Name.APPEAL_MADE, Name.CASE_OPENED),
    "change_data_settings": (Name.DATA_SETTINGS_CHANGED,),
}

PAGES: dict[str, Why] = {
    "sign-in": (Name.ACCOUNT_SIGNED_IN, Name.STAFF_SIGNED_IN, Name.ACCOUNT_SIGN_IN_FAILED),
    "account_login": (Name.ACCOUNT_SIGNED_IN, Name.STAFF_SIGNED_IN, Name.ACCOUNT_SIGN_IN_FAILED),
    "mfa_authenticate": (Name.ACCOUNT_SIGNED_IN, Name.STAFF_SIGNED_IN),
    "mfa_login_webauthn": (Name.ACCOUNT_SIGNED_IN, Name.STAFF_SIGNED_IN),
    "account_confirm_login_code": (Name.ACCOUNT_SIGNED_IN, Name.STAFF_SIGNED_IN),
    "sign-out": OWN_SESSION,
    "account_logout": OWN_SESSION,
    "account_reauthenticate": OWN_SESSION,
    "mfa_reauthenticate": OWN_SESSION,
    "mfa_reauthenticate_webauthn": OWN_SESSION,
    "account_signup": (Name.ACCOUNT_CREATED, Name.OPERATOR_CREATED, Name.MEMBERSHIP_ADDED),
    "account_email": (Name.ACCOUNT_EMAIL_CHANGED,),
    "account_confirm_email": (Name.ACCOUNT_EMAIL_VERIFIED,),
    "account_change_password": (Name.ACCOUNT_PASSWORD_CHANGED,),
    "account_set_password": (Name.ACCOUNT_PASSWORD_CHANGED,),
    "account_reset_password_from_key": (Name.ACCOUNT_PASSWORD_CHANGED,),
    "account_reset_password": "It sends a mail, to whoever is known; the reset itself is an entry.",
    "mfa_add_webauthn": (Name.ACCOUNT_SECOND_FACTOR_SET,),
    "mfa_remove_webauthn": (Name.ACCOUNT_SECOND_FACTOR_RESET,),
    "mfa_activate_totp": (Name.ACCOUNT_SECOND_FACTOR_SET,),
    "mfa_generate_recovery_codes": (Name.ACCOUNT_SECOND_FACTOR_SET,),
    "mfa_deactivate_totp": (Name.ACCOUNT_SECOND_FACTOR_RESET,),
    "mfa_edit_webauthn": "It renames a passkey for its owner's eyes.",
    "usersessions_list": (Name.ACCOUNT_SESSION_ENDED,),
    "session-end": (Name.ACCOUNT_SESSION_ENDED,),
    "members": (Name.MEMBERSHIP_INVITED,),
    "member-role": (Name.MEMBERSHIP_CHANGED,),
    "member-remove": (Name.MEMBERSHIP_REMOVED,),
    "invitation-resend": (Name.INVITATION_RESENT,),
    "invitation-withdraw": (Name.INVITATION_WITHDRAWN,),
    "invitation": (Name.MEMBERSHIP_ADDED,),
    "user-erase": (Name.ERASURE_REQUESTED, Name.ADJUSTMENTS_REMOVED),
    "conversations-export": (Name.EXPORT_MADE,),
    "trail-export": (Name.EXPORT_MADE,),
    "log-export": (Name.EXPORT_MADE,),
    "oversight-report-pdf": (Name.EXPORT_MADE,),
    "pause-place": (Name.PAUSE_PLACED,),
    "pause-lift": (Name.PAUSE_LIFTED,),
    "review-force": (Name.REVIEW_FORCED,),
    "review-release": (Name.REVIEW_RELEASED,),
    "charter-propose": (Name.CHARTER_PROPOSED,),
    "charter-approve": (Name.CHARTER_PUBLISHED,),
    "charter-reject": (Name.CHARTER_REJECTED,),
    "conversation-end": (Name.CONVERSATION_ENDED,),
    "deployments": LOOKS,
    "deployment-new": (Name.DEPLOYMENT_CREATED, Name.CONFIGURATION_DRAFTED),
    "go-live": (Name.CONFIGURATION_PUBLISHED, Name.KEY_CREATED),
    "instructions-check": ASKED,
    "deployment-schedule": (Name.PUBLICATION_SCHEDULED,),
    "deployment-unschedule": (Name.PUBLICATION_CANCELED,),
    "replays": (Name.REPLAY_STARTED,),
    "replay-cancel": (Name.REPLAY_CANCELED,),
    "playground-ask": (Name.TURN_RECORDED,),
    "deployment-scope": (Name.CONFIGURATION_DRAFTED,),
    "deployment-behaviours": (Name.CONFIGURATION_DRAFTED,),
    "deployment-publish": (Name.CONFIGURATION_PUBLISHED,),
    "deployment-rename": (Name.DEPLOYMENT_CHANGED,),
    "deployment-roll-back": (Name.CONFIGURATION_ROLLED_BACK,),
    "upstream-new": (Name.UPSTREAM_CREATED, Name.MODEL_CREATED),
    "upstream": (Name.UPSTREAM_CHANGED,),
    "upstream-remove": (Name.UPSTREAM_REMOVED,),
    "deployment-keys": (Name.KEY_CREATED,),
    "key-rotate": (Name.KEY_CREATED, Name.KEY_ROTATED),
    "key-revoke": (Name.KEY_REVOKED,),
    "deployment-models": (Name.DEPLOYMENT_CHANGED,),
    "deployment-limits": (Name.LIMITS_CHANGED,),
    "deployment-data": (Name.DATA_SETTINGS_CHANGED,),
    "key-limits": (Name.LIMITS_CHANGED,),
    "any-conversation": (Name.CONVERSATION_VIEWED,),
    "any-turn-prompt": (Name.CONVERSATION_VIEWED,),
    "webhook-new": (Name.WEBHOOK_CREATED,),
    "webhook-change": (Name.WEBHOOK_CHANGED,),
    "webhook-replay": (Name.WEBHOOK_REPLAYED,),
    "webhook-replay-failed": (Name.WEBHOOK_REPLAYED,),
    "webhook-test": (Name.WEBHOOK_TESTED,),
    "webhook-rotate": (Name.WEBHOOK_SECRET_ROTATED,),
    "webhook-switch": (Name.WEBHOOK_DISABLED, Name.WEBHOOK_ENABLED),
    "webhook-remove": (Name.WEBHOOK_REMOVED,),
    "case": (Name.CONVERSATION_VIEWED,),
    "case-next": (Name.CASE_ASSIGNED,),
    "case-claim": (Name.CASE_ASSIGNED,),
    "cases-many": (Name.CASE_VERDICT,),
    "assessment": (Name.CASE_VERDICT, Name.APPEAL_DECIDED),
    "assessment-release": (Name.CASE_RELEASED,),
    "assessment-undo": (Name.CASE_VERDICT_UNDONE,),
    "assessment-heartbeat": "It prolongs a claim that is an entry.",
    "case-golden": (Name.GOLDEN_CASE_SET, Name.GOLDEN_CASE_RETIRED),
    "case-appeal": (Name.APPEAL_MADE, Name.CASE_REOPENED),
    "case-reviewer-queues": (Name.REVIEWER_CHANGED,),
    "case-filter-save": OWN_VIEW,
    "case-filter-forget": OWN_VIEW,
    "case-preferences": OWN_VIEW,
    "reviews-retry": (Name.REVIEW_RETRIED,),
    "reviews-share": (Name.REVIEW_SHARE_CHANGED,),
    **dict.fromkeys(
        (
            *("home", "reference", "script", "verify-script", "usage", "mail", "mail-one", "members-start"),
            *("charter", "charter-versions", "charter-version", "charter-choose", "charter-compare"),
            *("charter-toml", "charter-json", "deployment", "deployment-prompt", "deployment-versions"),
            *("deployment-version", "upstreams", "all-conversations", "conversations", "conversation", "turn-prompt"),
            *("turn", "any-turn", "user-erasure"),
            *("webhooks", "webhook", "webhook-delivery", "cases", "trail-start", "trail", "trail-entry"),
            *("trail-receipt", "log", "log-entry", "log-receipt", "account_inactive", "account_reset_password_done"),
            *("account_email_verification_sent", "account_reset_password_from_key_done", "mfa_index"),
            *(
                "oversight",
                "oversight-history",
                "oversight-report",
                "operator-oversight",
                "charter-candidates",
                "charter-proposal",
                "style",
            ),
            *("style", "replay", "playground", "first-try", "first-call", "case-quality", "case-reviewers"),
            *("deployment-reviews", "reviews", "reviews-metrics", "deployment-wellbeing", "any-wellbeing"),
            *("mfa_list_webauthn", "mfa_view_recovery_codes", "mfa_download_recovery_codes"),
        ),
        LOOKS,
    ),
}

TASKS: dict[str, Why] = {
    "audit.review_turn": (Name.CASE_OPENED,),
    "audit.review_wellbeing": (Name.CASE_OPENED,),
    "audit_log.watch": LOOKS,
    "audit.settle_verdicts": (Name.CASE_CLOSED, Name.CASE_ESCALATED, Name.CASE_SEVERITY_CHANGED),
    "audit.watch_service_levels": LOOKS,
    "conversations.collect_batched_reviews": (Name.CASE_OPENED,),
    "conversations.send_batched_reviews": "It hands over what is owed.",
    "conversations.redecide_sample": "It computes what was asked for when the replay was started.",
    "conversations.replay_charter_proposals": "It computes what a proposal asks for.",
    "operators.publish_scheduled": (Name.CONFIGURATION_PUBLISHED, Name.PUBLICATION_REFUSED),
    "conversations.apply_retention": (Name.RETENTION_APPLIED,),
    "conversations.carry_out_erasure": (Name.ERASURE_DONE, Name.CONVERSATION_DELETED),
    "conversations.close_forgotten_exports": (Name.EXPORT_MADE,),
    "conversations.list_erasures": "It copies what entries tell into a file that outlives the database.",
    "conversations.archive_old_batches": (Name.RETENTION_APPLIED,),
    "conversations.forget_idempotency_keys": "What it forgets is a day old, and repeats nothing that the record lacks.",
    "conversations.requeue_forgotten_jobs": "It hands over again what was owed already.",
    "conversations.work_on_batch_piece": (Name.TURN_RECORDED,),
    "operators.deliver_webhook": (Name.WEBHOOK_DISABLED,),
    "operators.purge_webhook_deliveries": (Name.RETENTION_APPLIED,),
}

COMMANDS: dict[str, Why] = {
    "backup": LOOKS,
    "restore": (Name.ERASURE_REQUESTED,),
    "list_erasures": "It copies what entries tell into a file that outlives the database.",
    "rotate_master_key": (Name.MASTER_KEY_ROTATED,),
    "seal_content": "It seals what is there already; nothing is said otherwise than before.",
    "evaluate": LOOKS,
    "grant_roles": "It acts on the database's own roles, as whoever owns the log's tables.",
    "import_models": (Name.MODEL_CREATED,),
    "pause": (Name.PAUSE_PLACED,),
    "lift_pause": (Name.PAUSE_LIFTED,),
    "recount_usage": "It adds up anew what the turns tell.",
    "relay": "It hands over what is owed.",
    "rotate_log_key": (Name.LOG_KEY_ROTATED,),
    "seed_demo": (Name.OPERATOR_CREATED, Name.DEPLOYMENT_CREATED),
    "sequence_audit": "It places entries.",
    "verify_audit": LOOKS,
}

ADMIN = (
    *(Name.MODEL_CREATED, Name.MODEL_CHANGED, Name.MODEL_REMOVED),
    *(Name.UPSTREAM_CREATED, Name.UPSTREAM_CHANGED, Name.UPSTREAM_REMOVED),
    *(Name.DEPLOYMENT_CHANGED, Name.LIMITS_CHANGED),
)
"""The stewards' admin: its one base class writes for all of its pages."""

RESERVED = {
    *("operator.changed", "operator.closed", "deployment.archived", "account.closed"),
    *("staff.role_granted", "staff.role_revoked"),
}
"""Names of acts that may not be there yet. One that is written in the code must be in a table above."""


def pages(resolver: URLResolver) -> Iterator[URLPattern]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield one
        elif one.namespace != "admin":
            yield from pages(one)


def test_each_page_has_its_line():
    assert {str(one.name) for one in pages(get_resolver("config.urls"))} == PAGES.keys()


def test_each_route_that_may_change_something_has_its_line():
    assert {operation.name for (_, method), operation in OPERATIONS.items() if method != "GET"} == API.keys()


def test_each_task_has_its_line():
    app.loader.import_default_modules()
    assert {name for name in app.tasks if not name.startswith("celery.")} == TASKS.keys()


def test_each_command_has_its_line():
    ours = ("audit.", "conversations", "operators", "evaluation")
    assert {name for name, of in get_commands().items() if str(of).startswith(ours)} == COMMANDS.keys()


def test_each_name_in_the_tables_is_written_by_the_code_and_each_that_is_written_is_in_them():
    told = {
        name.value
        for why in (*API.values(), *PAGES.values(), *TASKS.values(), *COMMANDS.values(), ADMIN)
        if not isinstance(why, str)
        for name in why
    }
    told |= {Name.BUDGET_ALERTED.value, Name.BUDGET_EXHAUSTED.value}  # by the counting of turns, whoever asks for them
    written = set(in_the_code())
    assert told - written == set(), "a table promises what nobody writes"
    assert written - told - RESERVED == set(), "somebody writes what no table has"
    assert {name.value for name in Name} - written - RESERVED == set(), "a name that nobody writes"


def in_the_code() -> Iterator[str]:
    for app_folder in ("audit", "conversations", "operators"):
        for file in (ROOT / app_folder).rglob("*.py"):
            if file.name != "names.py":
                yield from (Name[name].value for name in re.findall(r"\bName\.([A-Z_]+)\b", file.read_text()))


SETTINGS = {"scope": {"description": "Help with programming.", "restrict": True}}
QUESTION = {"model": "default", "max_tokens": 9, "messages": [{"role": "user", "content": "What is a monad?"}]}


class Caller:
    """Calls operations by their names, and holds the entries that came of each against the table."""

    def __init__(self, web: str, key: str) -> None:
        self.places = {operation.name: at for at, operation in OPERATIONS.items()}
        self.called: set[str] = set()
        self.client = httpx2.Client(base_url=web, headers={"x-api-key": key}, timeout=30)

    def __call__(self, name: str, body: Any = None, **values: str) -> Any:
        before = set(Entry.objects.values_list("pk", flat=True))
        path, method = self.places[name]
        answer = self.client.request(method, path.format(**values), json=body)
        assert answer.is_success, answer.text
        self.called.add(name)
        found = {entry.name for entry in Entry.objects.exclude(pk__in=before)}
        promised = API[name]
        assert found == (set() if isinstance(promised, str) else {one.value for one in promised}), name
        return answer.json()


@pytest.fixture
def call(web: str, new_key: Any) -> Iterator[Caller]:
    caller = Caller(web, create_key(new_key()[0], "all", by=None, scopes=Scope.values)[1])
    yield caller
    caller.client.close()


def test_each_route_does_write_its_entries(call: Caller, working: None):
    conversation = call("create_message", QUESTION)["plumbline"]["conversation"]
    call("create_chat_completion", {"model": "default", "messages": QUESTION["messages"]})
    call("count_tokens", {name: QUESTION[name] for name in ("model", "messages")})
    call("decide", QUESTION)
    call("validate", {"settings": SETTINGS})
    call("continue_conversation", QUESTION, conversation_id=conversation)
    turn = call.client.get(f"/v1/conversations/{conversation}/turns").json()["data"][0]["id"]
    call("create_appeal", {"turn_id": turn, "reason": "Not so."})
    call("end_conversation", conversation_id=conversation)
    call("delete_conversation", conversation_id=conversation)
    call("put_user_adjustments", {"user_adjustments": {"blunt_feedback": True}}, user_id="u-17")
    call("delete_user_adjustments", user_id="u-17")
    batch = call("create_batch", {"requests": [{"custom_id": "a", "params": QUESTION}]})["id"]
    call("cancel_batch", batch_id=batch)
    until(lambda: call.client.get(f"/v1/messages/batches/{batch}").json()["processing_status"] == "ended", 60)
    call("delete_batch", batch_id=batch)
    call("change_deployment", {"models": {"allowed": [], "aliases": {"fast": "default"}}})
    call("change_data_settings", {"retention_days": 30})
    call("put_draft", {"settings": SETTINGS})
    call("publish", {"draft": True})
    call("apply", {"settings": {"scope": {"description": "Other things.", "restrict": True}}})
    call("roll_back", {}, number="1")
    key = call("create_key", {"name": "app"})["id"]
    key = call("rotate_key", {"overlap_hours": 1}, key_id=key)["id"]
    call("revoke_key", {}, key_id=key)
    # Last: the end of the erasure is an entry too, some seconds later.
    call("put_user_adjustments", {"user_adjustments": {"blunt_feedback": True}}, user_id="u-18")
    call("delete_user", user_id="u-18")
    assert call.called == API.keys()
