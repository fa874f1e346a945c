"""The viewer's time zone: the browser says it once, in a cookie; without one it is UTC. Pages always name it."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

COOKIE = "zone"
UTC = ZoneInfo("UTC")


@sync_and_async_middleware
def viewer_zone(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Sets `request.zone`."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponse:
            request.zone = zone_named(request.COOKIES.get(COOKIE, ""))  # type: ignore[attr-defined]
            response: HttpResponse = await get_response(request)
            return response

        return later

    def at_once(request: HttpRequest) -> HttpResponse:
        request.zone = zone_named(request.COOKIES.get(COOKIE, ""))  # type: ignore[attr-defined]
        response: HttpResponse = get_response(request)
        return response

    return at_once


def zone_named(name: str) -> ZoneInfo:
    """By its name in the IANA database; UTC for anything that is none."""
    try:
        return ZoneInfo(name) if name and len(name) < 64 else UTC
    except (KeyError, ValueError, OSError):  # unknown, no name at all, a folder's
        return UTC


def zone_of(request: HttpRequest | None) -> ZoneInfo:
    return getattr(request, "zone", UTC)
