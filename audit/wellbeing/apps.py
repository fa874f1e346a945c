from django.apps import AppConfig


class WellbeingConfig(AppConfig):
    name = "audit.wellbeing"
    label = "audit_wellbeing"

    def ready(self) -> None:
        from conversations.erasure import register_erasure

        # Numbers stay; a judge's line on the model's stance is about what was said.
        register_erasure(
            "wellbeing",
            "UPDATE audit_wellbeing_point SET stance = '' WHERE conversation_id = %(conversation)s",
        )
