"""How management shows a deployment, its versions and its keys. Never a secret."""

from datetime import UTC, datetime
from typing import Any

from operators.catalogue import Offers
from operators.deployment_models import Models
from operators.differences import Difference
from operators.keys import PREFIX
from operators.models import Account, Configuration, Deployment, Key
from operators.publishing import has_edits, live_number, settings_digest


def deployment(shown: Deployment, reach: Offers) -> dict[str, Any]:
    """`reachable`: the models that it could use, by the names that `models` may hold."""
    return {
        "type": "deployment",
        "id": str(shown.pk),
        "name": shown.name,
        "operator": {"id": str(shown.operator_id), "name": shown.operator.name},
        "live": live_number(shown) or None,
        "draft_differs": has_edits(shown),
        "models": Models.of(shown).to_json(),
        "reachable": list(reach.listed),
        "created_at": time(shown.created_at),
    }


def configuration(shown: Configuration, live: int) -> dict[str, Any]:
    """A version without its settings."""
    return {
        "type": "configuration",
        "number": shown.number,
        "live": shown.number == live,
        "digest": shown.digest,
        "charter": {"version": shown.charter_version, "digest": shown.charter_digest},
        "note": shown.note,
        "published_at": time(shown.published_at),
        "published_by": _maker(shown.published_by, shown.published_with),
    }


def draft(shown: Deployment) -> dict[str, Any]:
    return {
        "type": "draft",
        "differs": has_edits(shown),
        "digest": settings_digest(shown.draft),
        "settings": shown.draft,
    }


def difference(one: Difference) -> dict[str, Any]:
    return {"path": one.path, "before": one.before, "after": one.after, "words": one.words}


def key(shown: Key) -> dict[str, Any]:
    return {
        "type": "key",
        "id": str(shown.pk),
        "name": shown.name,
        "prefix": f"{PREFIX}_{shown.public_id}",
        "scopes": shown.scopes,
        "state": shown.state,
        "created_at": time(shown.created_at),
        "created_by": _maker(shown.created_by, shown.created_with),
        "expires_at": time(shown.expires_at),
        "revoked_at": time(shown.revoked_at),
        "replaced_by": str(shown.replaced_by_id) if shown.replaced_by_id else None,
        "last_used_at": time(shown.last_used_at),
    }


def time(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, with a Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _maker(person: Account | None, made_with: Key | None) -> dict[str, str] | None:
    """Who made it; None for a command of the platform."""
    if made_with is not None:
        return {"type": "key", "id": str(made_with.pk), "name": made_with.name}
    return {"type": "account", "id": str(person.pk), "name": person.name} if person else None
