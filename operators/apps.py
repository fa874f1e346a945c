from django.apps import AppConfig


class OperatorsConfig(AppConfig):
    name = "operators"

    def ready(self) -> None:
        from operators.accounts import entries  # noqa: F401 - connects the signals
        from operators.owners import register_owners

        register_owners()
