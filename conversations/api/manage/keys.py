"""Keys of the deployment: list, create, rotate, revoke. A secret leaves once, in the answer that makes it.

A key gives no more than it has: it creates and rotates keys of its own scopes only. No key locks a deployment out
unawares: whoever revokes the others still has the one that asks; to revoke itself takes a word of its own, to rotate
itself an overlap, in case the answer with the new secret is lost. People in the console need no key.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponseBase
from rest_framework.request import Request

from conversations.api.manage import shapes
from conversations.api.manage.body import Body
from conversations.api.manage.pages import limit_of, page
from conversations.api.manage.view import ManageView
from conversations.api.views import json_response
from conversations.errors import ApiError
from operators.keys import LONGEST_OVERLAP, USUAL_OVERLAP, check_expiry, create_key, revoke_key, rotate_key
from operators.models import Key
from operators.models.deployments import Scope, usual_scopes

HOUR = timedelta(hours=1)
SECRET_HEADERS = {"cache-control": "no-store"}


class KeysView(ManageView):
    """GET lists the keys, newest first; POST creates one."""

    async def get(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        limit, after = limit_of(request.query_params), request.query_params.get("after_id")

        def work(key: Key) -> dict[str, Any]:
            found = _keys(key).order_by("-created_at", "-id")
            if after:
                last = _find(key, after, field="after_id")
                found = found.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, id__lt=last.pk))
            return page([shapes.key(one) for one in found[: limit + 1]], limit, "id")

        return json_response(await self.manage(acting, work))

    async def post(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        body = Body(request, "name", "scopes", "expires_at")
        name, scopes, expires_at = body.text("name", 120), _scopes(body), body.moment("expires_at")
        try:
            check_expiry(expires_at)
        except ValueError as error:
            raise ApiError(400, f"expires_at: {error}") from None

        def work(key: Key) -> dict[str, Any]:
            _within(key, scopes)
            made, text = create_key(key.deployment, name, by=key, scopes=scopes, expires_at=expires_at)
            return {**shapes.key(made), "key": text}

        return json_response(await self.manage(acting, work), 201, SECRET_HEADERS)


class KeyView(ManageView):
    async def get(self, request: Request, key_id: str) -> HttpResponseBase:
        acting = await self.acting(request)
        return json_response(await self.manage(acting, lambda key: shapes.key(_find(key, key_id))))


class RotateView(ManageView):
    """POST makes a key in a key's place; the old one opens for some hours more."""

    async def post(self, request: Request, key_id: str) -> HttpResponseBase:
        acting = await self.acting(request)
        body = Body(request, "overlap_hours")
        overlap = HOUR * body.number("overlap_hours", 0, LONGEST_OVERLAP // HOUR, USUAL_OVERLAP // HOUR)

        def work(key: Key) -> dict[str, Any]:
            old = _find(key, key_id)
            _within(key, old.scopes)
            if old.pk == key.pk and overlap < HOUR:
                raise ApiError(409, "overlap_hours: a key that rotates itself needs an hour, lest this answer be lost")
            made, text = rotate_key(old, by=key, overlap=overlap)
            return {**shapes.key(made), "key": text, "replaces": shapes.key(_find(key, key_id))}

        return json_response(await self.manage(acting, work), 201, SECRET_HEADERS)


class RevokeView(ManageView):
    """POST ends a key for good. Revoking twice changes nothing."""

    async def post(self, request: Request, key_id: str) -> HttpResponseBase:
        acting = await self.acting(request)
        itself = Body(request, "itself").flag("itself")

        def work(key: Key) -> dict[str, Any]:
            old = _find(key, key_id)
            if old.pk == key.pk and not itself:
                raise ApiError(409, 'this is the key that asks; to revoke it all the same send {"itself": true}')
            revoke_key(old, by=key)
            return shapes.key(_find(key, key_id))

        return json_response(await self.manage(acting, work))


def _keys(key: Key) -> Any:
    return key.deployment.keys.select_related("created_by", "created_with")


def _find(key: Key, key_id: str, field: str = "") -> Key:
    """A key of the same deployment. Raises ApiError 404, or 400 where a field names it."""
    try:
        found: Key | None = _keys(key).filter(pk=UUID(key_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise ApiError(400 if field else 404, f"{field or 'key'}: there is no key {key_id[:100]} of this deployment")
    return found


def _scopes(body: Body) -> list[str]:
    scopes = body.json("scopes") if body.has("scopes") else usual_scopes()
    if not isinstance(scopes, list) or not scopes or not all(scope in Scope.values for scope in scopes):
        raise ApiError(400, f"scopes: a list of {', '.join(Scope.values)} is required")
    return [scope for scope in Scope.values if scope in scopes]


def _within(key: Key, scopes: list[str]) -> None:
    if beyond := [scope for scope in scopes if scope not in key.scopes]:
        raise ApiError(403, f"scopes: this key cannot give what it lacks: {', '.join(beyond)}")
