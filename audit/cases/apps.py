from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "audit.cases"
    label = "audit_cases"
