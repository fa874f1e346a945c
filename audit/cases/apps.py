from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "audit.cases"
    label = "audit_cases"

    def ready(self) -> None:
        from conversations.erasure import register_erasure

        # What was found stays: kind, severity and the signals' names. The words that showed it are the conversation's.
        register_erasure(
            "findings",
            "UPDATE audit_cases_finding SET detail = '{}' WHERE conversation_id = %(conversation)s",
        )
