"""/healthz: this process is up. /readyz: what it needs is there, each named."""

import asyncio
from contextlib import aclosing

import psycopg
import redis.asyncio
from django.conf import settings
from django.http import HttpResponseBase
from rest_framework.request import Request

from audit.log.receipts import LAG
from config import database, notices
from conversations import metrics
from conversations.api.views import AsyncAPIView, json_response
from conversations.services import services

PATIENCE_SECONDS = 3.0


class HealthView(AsyncAPIView):
    http_method_names = ["get", "head"]

    async def get(self, _request: Request) -> HttpResponseBase:
        return json_response({"status": "ok"})

    head = get


class ReadyView(AsyncAPIView):
    http_method_names = ["get", "head"]

    async def get(self, _request: Request) -> HttpResponseBase:
        """200 when all is there, else 503. A broker that is away delays reviews only, but should be seen."""
        checks = {"database": _database(), "broker": _broker(), "upstream": _upstream()}
        results = await asyncio.gather(*(_within(check) for check in checks.values()))
        found = {name: "ok" if well else "unreachable" for name, well in zip(checks, results, strict=True)}
        ready = all(results)
        told: dict[str, object] = {"status": "ok" if ready else "not ready", **found, "limits": "ok"}
        told |= await _log()
        if services().limits.local:
            # No reason to turn callers away: limits hold all the same, each process counting its share.
            told |= {"limits": "local", "metrics": metrics.snapshot()}
        return json_response(told, 200 if ready else 503)

    head = get


async def _within(check: object) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return bool(await check)  # type: ignore[misc]
    except (TimeoutError, OSError, psycopg.Error, redis.asyncio.RedisError):
        return False


async def _log() -> dict[str, object]:
    """How far the audit log's tree is behind. No reason to turn callers away either: their entries are written."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), database.pool().connection() as connection:
            row = await (await connection.execute(LAG)).fetchone()
    except (TimeoutError, OSError, psycopg.Error):
        return {"log": "unknown"}
    pending, seconds = row or (0, 0.0)
    state = "behind" if seconds > settings.LOG_LAG_SECONDS else "ok"
    return {"log": state, "log_pending": pending, "log_oldest_seconds": round(max(0.0, seconds), 3)}


async def _database() -> bool:
    async with database.pool().connection(timeout=PATIENCE_SECONDS) as connection:
        await connection.execute("SELECT 1")
    return notices.silent_seconds() < settings.STALE_STATE_SECONDS


async def _upstream() -> bool:
    catalogue = await services().directory.catalogue()
    return await services().upstreams.reachable(catalogue.endpoints, PATIENCE_SECONDS)


async def _broker() -> bool:
    url = settings.BROKER_URL.replace("redis+socket://", "unix://")
    async with aclosing(redis.asyncio.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)) as client:
        return bool(await client.ping())
