from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from audit.log.completeness import register_completeness

        register_completeness(
            "every turn has its entry",
            "SELECT 'turn ' || t.id FROM conversations_turn t"
            " LEFT JOIN audit_log_entry e ON e.id = t.entry_id WHERE e.id IS NULL",
        )
