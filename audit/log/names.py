"""What can be an entry: the enumerated names, each `subject.action`.

A name is part of the hashed envelope, so a member may be added but its value never changed or reused.
"""

from enum import StrEnum


class Name(StrEnum):
    TURN_RECORDED = "turn.recorded"
    CONVERSATION_ENDED = "conversation.ended"
    CONVERSATION_VIEWED = "conversation.viewed"

    OPERATOR_CREATED = "operator.created"
    OPERATOR_CHANGED = "operator.changed"
    OPERATOR_CLOSED = "operator.closed"
    DEPLOYMENT_CREATED = "deployment.created"
    DEPLOYMENT_CHANGED = "deployment.changed"
    DEPLOYMENT_ARCHIVED = "deployment.archived"
    CONFIGURATION_PUBLISHED = "configuration.published"
    CONFIGURATION_ROLLED_BACK = "configuration.rolled_back"
    LIMITS_CHANGED = "limits.changed"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    KEY_ROTATED = "key.rotated"
    UPSTREAM_CREATED = "upstream.created"
    UPSTREAM_CHANGED = "upstream.changed"
    UPSTREAM_REMOVED = "upstream.removed"
    MODEL_CREATED = "model.created"
    MODEL_CHANGED = "model.changed"
    MODEL_REMOVED = "model.removed"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_REMOVED = "webhook.removed"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"  # noqa: S105 - a name
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_ENABLED = "webhook.enabled"
    WEBHOOK_TESTED = "webhook.tested"
    WEBHOOK_REPLAYED = "webhook.replayed"

    MEMBERSHIP_INVITED = "membership.invited"
    MEMBERSHIP_ADDED = "membership.added"
    MEMBERSHIP_CHANGED = "membership.changed"
    MEMBERSHIP_REMOVED = "membership.removed"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CLOSED = "account.closed"
    ACCOUNT_SIGNED_IN = "account.signed_in"
    ACCOUNT_SIGN_IN_FAILED = "account.sign_in_failed"
    ACCOUNT_SECOND_FACTOR_SET = "account.second_factor_set"
    ACCOUNT_SECOND_FACTOR_RESET = "account.second_factor_reset"
    STAFF_SIGNED_IN = "staff.signed_in"
    STAFF_ROLE_GRANTED = "staff.role_granted"
    STAFF_ROLE_REVOKED = "staff.role_revoked"

    PAUSE_PLACED = "pause.placed"
    PAUSE_LIFTED = "pause.lifted"
    REVIEW_FORCED = "review.forced"
    REVIEW_RELEASED = "review.released"
    CHARTER_PROPOSED = "charter.proposed"
    CHARTER_REJECTED = "charter.rejected"
    CHARTER_PUBLISHED = "charter.published"

    CASE_OPENED = "case.opened"
    CASE_ASSIGNED = "case.assigned"
    CASE_ESCALATED = "case.escalated"
    CASE_REOPENED = "case.reopened"
    CASE_VERDICT = "case.verdict"

    ERASURE_REQUESTED = "erasure.requested"
    ERASURE_DONE = "erasure.done"
    RETENTION_APPLIED = "retention.applied"
    EXPORT_MADE = "export.made"
    LOG_KEY_ROTATED = "log_key.rotated"
