from django.apps import AppConfig


class WellbeingConfig(AppConfig):
    name = "audit.wellbeing"
    label = "audit_wellbeing"
