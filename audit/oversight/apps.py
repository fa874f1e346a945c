from typing import Any

from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "audit.oversight"
    label = "audit_oversight"

    def ready(self) -> None:
        from celery.signals import task_prerun

        task_prerun.connect(_learn, dispatch_uid="oversight")


def _learn(**_: Any) -> None:
    """Before each task: a worker listens to no notices, and must decide by the charter in force.

    Where that cannot be learned Celery logs it, and the task goes by what was known before; it answers nobody.
    """
    from audit.oversight.charters import learn

    learn()
