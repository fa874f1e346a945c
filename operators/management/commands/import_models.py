"""manage.py import_models [UPSTREAM]: offer what an upstream of the platform offers, under the same names."""

from typing import Any

import anthropic
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from audit.log.names import Name
from audit.log.writer import write
from config.sealing import SealError, unseal
from operators.catalogue import ENVIRONMENT, environment_endpoint
from operators.models import Model, ModelRoute, Upstream


class Command(BaseCommand):
    help = "Adds the models that an upstream lists, and routes to it. What is there already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upstream", nargs="?", default=ENVIRONMENT, help="its name; by default the environment's")

    def handle(self, *_args: Any, **options: Any) -> None:
        upstream, base_url, api_key = _find(options["upstream"])
        try:
            with anthropic.Anthropic(base_url=base_url, api_key=api_key or "none", timeout=30) as client:
                listed = list(client.models.list(limit=1000))
        except anthropic.AnthropicError as error:
            raise CommandError(f"{base_url} does not list its models: {error}") from None
        added = sum(_offer(info, upstream) for info in listed)
        self.stdout.write(f"{len(listed)} models listed, {added} new")


def _find(name: str) -> tuple[Upstream | None, str, str]:
    if name == ENVIRONMENT:
        endpoint = environment_endpoint()
        if endpoint is None:
            raise CommandError("neither ANTHROPIC_API_KEY nor ANTHROPIC_BASE_URL is set")
        return None, endpoint.base_url, endpoint.api_key
    upstream = Upstream.objects.filter(name=name, operator=None).first()
    if upstream is None:
        raise CommandError(f"the platform has no upstream {name}")
    try:
        sealed = upstream.sealed_key
        key = unseal(bytes(sealed), upstream.seal_context) if sealed is not None else ""
    except SealError as error:
        raise CommandError(f"the key of {name} cannot be opened: {error}") from None
    return upstream, upstream.base_url.rstrip("/").removesuffix("/v1"), key


@transaction.atomic
def _offer(info: anthropic.types.ModelInfo, upstream: Upstream | None) -> bool:
    """Whether the model is new."""
    known = {
        "display_name": info.display_name,
        "created_at": info.created_at,
        "lifecycle": info.lifecycle,
        "deprecated_at": info.deprecated_at,
        "retires_at": info.retires_at,
        "max_input_tokens": info.max_input_tokens,
        "max_tokens": info.max_tokens,
    }
    model, new = Model.objects.get_or_create(name=info.id, defaults=known)
    ModelRoute.objects.get_or_create(model=model, upstream=upstream, defaults={"name": info.id})
    if new:
        write(
            Name.MODEL_CREATED,
            actor=("platform", "import_models"),
            subject=("model", model.pk),
            detail={"name": info.id},
        )
    return new
