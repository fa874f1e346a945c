"""The deployment, its versions and its draft: read, check, compare, publish, roll back, apply."""

from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request

from charter import ConfigurationError, load_charter, parse_configuration
from conversations.api.manage import shapes
from conversations.api.manage.body import Body
from conversations.api.manage.pages import limit_of, page
from conversations.api.manage.view import ManageView, problems, reach
from conversations.api.views import json_response
from conversations.errors import ApiError
from operators.applying import Applied, apply
from operators.deployment_models import Models, parse_models, set_models
from operators.differences import between_settings
from operators.models import Configuration, Deployment, Key
from operators.publishing import StaleDraftError, live_number, publish, roll_back, save_draft, settings_digest

LARGEST_NUMBER = 2**31 - 1
LONGEST_NOTE = 500


class DeploymentView(ManageView):
    """GET reads it, PATCH sets its models as a whole."""

    async def get(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        return json_response(await self.manage(acting, lambda key: shapes.deployment(key.deployment, reach(key))))

    async def patch(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        body = Body(request, "models")

        def work(key: Key) -> dict[str, Any]:
            within = reach(key)
            if body.has("models"):
                models = parse_models(body.json("models"), within, Models.of(key.deployment))
                set_models(key.deployment, models, by=key)
            return shapes.deployment(key.deployment, within)

        return json_response(await self.manage(acting, work))


class ConfigurationsView(ManageView):
    """GET lists the versions, newest first; POST publishes."""

    async def get(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        limit, before = limit_of(request.query_params), _after(request.query_params.get("after_id"))

        def work(key: Key) -> dict[str, Any]:
            found = _versions(key.deployment).filter(number__lt=before)[: limit + 1]
            live = live_number(key.deployment)
            return page([shapes.configuration(one, live) for one in found], limit, "number")

        return json_response(await self.manage(acting, work))

    async def post(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        body = Body(request, "settings", "draft", "draft_digest", "note", "over")
        note, over = body.text("note", LONGEST_NOTE, ""), _over(body)
        from_draft = body.flag("draft")
        if from_draft == body.has("settings"):
            raise ApiError(400, 'settings: is required, or "draft": true to publish the draft')
        looked_at = body.text("draft_digest", 71, "")
        if looked_at and not from_draft:
            raise ApiError(400, 'draft_digest: goes with "draft": true')

        def work(key: Key) -> dict[str, Any]:
            if looked_at and looked_at != settings_digest(key.deployment.draft):
                raise StaleDraftError("the draft was changed meanwhile", live_number(key.deployment))
            settings = key.deployment.draft if from_draft else body.json("settings")
            return _whole(publish(key.deployment, settings, by=key, note=note, over=over), key.deployment)

        return json_response(await self.manage(acting, work), 201)


class ValidateView(ManageView):
    """POST checks settings and tells what they would change; nothing is kept."""

    async def post(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        body = Body(request, "settings")
        settings = body.json("settings") if body.has("settings") else {}

        def work(key: Key) -> dict[str, Any]:
            try:
                parse_configuration(load_charter(), settings)
            except ConfigurationError as error:
                return {"valid": False, "problems": problems(error)}
            live = key.deployment.live
            return {
                "valid": True,
                "problems": [],
                "digest": settings_digest(settings),
                "over": live_number(key.deployment),
                "differences": [
                    shapes.difference(one) for one in between_settings(live.settings if live else {}, settings)
                ],
            }

        return json_response(await self.manage(acting, work))


class ConfigurationView(ManageView):
    """GET reads one version, or `live`, with its settings."""

    async def get(self, request: Request, number: str) -> HttpResponseBase:
        acting = await self.acting(request)
        return json_response(await self.manage(acting, lambda key: _whole(_version(key, number), key.deployment)))


class DifferencesView(ManageView):
    """GET compares one version with `to`: a number, `live` (where nothing is said) or `draft`."""

    async def get(self, request: Request, number: str) -> HttpResponseBase:
        acting = await self.acting(request)
        to = request.query_params.get("to") or "live"

        def work(key: Key) -> dict[str, Any]:
            names = (number, to)
            sides = [key.deployment.draft if name == "draft" else _version(key, name).settings for name in names]
            return {"differences": [shapes.difference(one) for one in between_settings(*sides)]}

        return json_response(await self.manage(acting, work))


class RollBackView(ManageView):
    """POST publishes an old version's settings anew."""

    async def post(self, request: Request, number: str) -> HttpResponseBase:
        acting = await self.acting(request)
        body = Body(request, "note", "over")
        note, over = body.text("note", LONGEST_NOTE, ""), _over(body)

        def work(key: Key) -> dict[str, Any]:
            made = roll_back(key.deployment, _version(key, number), by=key, over=over, note=note)
            return _whole(made, key.deployment)

        return json_response(await self.manage(acting, work), 201)


class DraftView(ManageView):
    """GET reads the draft, PUT replaces it."""

    async def get(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        return json_response(await self.manage(acting, lambda key: shapes.draft(key.deployment)))

    async def put(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        body = Body(request, "settings", "over")
        over = body.text("over", 71, "") or None
        if not body.has("settings"):
            raise ApiError(400, "settings: is required")

        def work(key: Key) -> dict[str, Any]:
            save_draft(key.deployment, body.json("settings"), by=key, over=over)
            return shapes.draft(key.deployment)

        return json_response(await self.manage(acting, work))


class ApplyView(ManageView):
    """POST brings the deployment to what a file describes, or with `dry_run` tells what that would change."""

    async def post(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        body = Body(request, "deployment", "settings", "models", "note", "over", "dry_run")
        note, over, dry_run = body.text("note", LONGEST_NOTE, ""), _over(body), body.flag("dry_run")
        settings = body.json("settings") if body.has("settings") else {}
        meant = body.text("deployment", 120, "")

        def work(key: Key) -> dict[str, Any]:
            if meant and meant != key.deployment.name:
                raise ApiError(409, f"deployment: this key opens {key.deployment.name!r}, not {meant!r}")
            done = apply(
                key.deployment,
                settings,
                body.json("models"),
                by=key,
                reach=reach(key),
                note=note,
                over=over,
                dry_run=dry_run,
            )
            return _applied(done, key.deployment, dry_run=dry_run)

        return json_response(await self.manage(acting, work))


def _applied(done: Applied, deployment: Deployment, *, dry_run: bool) -> dict[str, Any]:
    deployment.refresh_from_db()
    return {
        "type": "applied",
        "deployment": deployment.name,
        "dry_run": dry_run,
        "changes": done.changes,
        "publishes": done.publishes,
        "differences": [shapes.difference(one) for one in done.differences],
        "published": shapes.configuration(done.published, done.published.number) if done.published else None,
        "over": live_number(deployment),
        "draft_differs": shapes.has_edits(deployment),
    }


def _whole(shown: Configuration, deployment: Deployment) -> dict[str, Any]:
    return {**shapes.configuration(shown, live_number(deployment)), "settings": shown.settings}


def _versions(deployment: Deployment) -> Any:
    return deployment.configurations.select_related("published_by", "published_with")


def _version(key: Key, name: str) -> Configuration:
    """By number, or `live`. Raises ApiError 404."""
    number = live_number(key.deployment) if name == "live" else _number(name)
    found: Configuration | None = _versions(key.deployment).filter(number=number).first()
    if found is None:
        raise ApiError(404, f"there is no version {name[:100]} of this deployment")
    return found


def _after(text: str | None) -> int:
    """The number that the listed ones are below. Raises ApiError 400."""
    if not text:
        return LARGEST_NUMBER
    if not (number := _number(text)):
        raise ApiError(400, "after_id: a version's number is required")
    return number


def _number(text: str) -> int:
    """0, which no version has, for what cannot be a version's number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _over(body: Body) -> int | None:
    return body.number("over", 0, LARGEST_NUMBER, None)  # type: ignore[no-any-return]
