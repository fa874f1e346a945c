from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from audit.log.belonging import register_owner
        from audit.log.completeness import register_completeness
        from conversations.models import Batch, Conversation, Turn
        from operators.owners import owned

        for subject, model in (("conversation", Conversation), ("turn", Turn), ("batch", Batch)):
            register_owner(subject, owned(model, "deployment__operator_id"))
        register_completeness(
            "every turn has its entry",
            "SELECT 'turn ' || t.id FROM conversations_turn t"
            " LEFT JOIN audit_log_entry e ON e.id = t.entry_id WHERE e.id IS NULL",
        )
        # Where content was erased there is none to hold against its digest.
        register_completeness(
            "every turn is what its entry says",
            "SELECT 'turn ' || t.id FROM conversations_turn t JOIN audit_log_entry e ON e.id = t.entry_id"
            " JOIN conversations_conversation c ON c.id = t.conversation_id"
            " WHERE c.deleted_at IS NULL AND octet_length(t.content) > 0"
            " AND (encode(sha256(t.content), 'hex') IS DISTINCT FROM e.digest"
            " OR encode(sha256(t.decision), 'hex') IS DISTINCT FROM e.detail ->> 'decision'"
            " OR t.outcome IS DISTINCT FROM e.detail ->> 'outcome'"
            " OR e.name <> 'turn.recorded' OR e.subject_id <> t.id::text)",
            altered=True,
        )
        register_completeness(
            "every deleted conversation has its entry",
            "SELECT 'conversation ' || c.id FROM conversations_conversation c WHERE c.deleted_at IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM audit_log_entry e WHERE e.subject_type = 'conversation'"
            " AND e.subject_id = c.id::text AND e.name = 'conversation.deleted')",
        )
