from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "audit.oversight"
    label = "audit_oversight"
