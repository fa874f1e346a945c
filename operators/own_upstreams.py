"""An operator's own upstreams: which models one of them may serve, and every change with its entry in the audit log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from audit.log.names import Name
from audit.log.writer import write
from operators.catalogue import environment_endpoint
from operators.models import Account, Model, ModelRoute, Operator, Upstream


@dataclass(frozen=True, slots=True)
class Servable:
    """A model that an operator's upstream may serve. `id` is None for the environment's while it has no row."""

    id: UUID | None
    name: str

    @property
    def field(self) -> str:
        return f"model-{self.id or 'environment'}"


def servable(operator: Operator) -> list[Servable]:
    """What the operator can reach already, and what nobody serves yet: never the name of another operator's alone."""
    shared = Q(routes__upstream=None) | Q(routes__upstream__operator=None) | Q(routes__upstream__operator=operator)
    found = Model.objects.filter(shared | Q(routes=None) | Q(name=settings.UPSTREAM_MODEL)).distinct().order_by("name")
    models = [Servable(model.pk, model.name) for model in found.exclude(lifecycle=Model.Lifecycle.RETIRED)]
    known = Model.objects.filter(name=settings.UPSTREAM_MODEL).exists()
    if environment_endpoint() is not None and not known:
        models.append(Servable(None, settings.UPSTREAM_MODEL))
    return models


def names_there(upstream: Upstream) -> dict[UUID, str]:
    """What the upstream calls the models it serves, by the model's id."""
    return dict(upstream.routes.values_list("model_id", "name"))


@transaction.atomic
def save(upstream: Upstream, served: Mapping[Servable, str], *, changed: Iterable[str], by: Account) -> None:
    """`served`: what the upstream calls each model, empty where it does not serve it. `changed` names the fields.

    Raises IntegrityError where the operator has an upstream of that name.
    """
    name = Name.UPSTREAM_CREATED if upstream._state.adding else Name.UPSTREAM_CHANGED
    upstream.save()
    for model, there in served.items():
        if there:
            _serve(upstream, model, there, by)
        elif model.id is not None:
            upstream.routes.filter(model_id=model.id).delete()
    _write(name, upstream, by, sorted(changed))


@transaction.atomic
def remove(upstream: Upstream, *, by: Account) -> None:
    _write(Name.UPSTREAM_REMOVED, upstream, by, [])
    upstream.delete()


def _serve(upstream: Upstream, model: Servable, there: str, by: Account) -> None:
    row_id = model.id or _row_of_environments_model(model.name, by)
    ModelRoute.objects.update_or_create(model_id=row_id, upstream=upstream, defaults={"name": there})


def _row_of_environments_model(name: str, by: Account) -> UUID:
    """A route needs a row; one of no more than the name takes nothing from the environment's model."""
    row, made = Model.objects.get_or_create(name=name)
    if made:
        detail = {"name": name, "fields": []}
        write(Name.MODEL_CREATED, actor=("account", by.pk), subject=("model", row.pk), detail=detail)
    return row.pk


def _write(name: Name, upstream: Upstream, by: Account, fields: list[str]) -> None:
    write(
        name,
        actor=("account", by.pk),
        subject=("upstream", upstream.pk),
        detail={"operator": str(upstream.operator_id), "name": upstream.name, "fields": fields},
    )
