"""Where signing in again leads, for somebody whose session ended while they typed: back to the page they typed on."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware
def to_the_page(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """The address that a form is sent to often answers to nothing else; its page is in the request's Referer."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponse:
            return _to_the_page(request, await get_response(request))

        return later

    def at_once(request: HttpRequest) -> HttpResponse:
        return _to_the_page(request, get_response(request))

    return at_once


def _to_the_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if request.method != "POST" or response.status_code != 302:
        return response
    sent_to = urlsplit(response["Location"])
    page = urlsplit(request.headers.get("Referer", ""))
    ours = page.netloc == request.get_host() and page.path.startswith("/")
    if not ours or sent_to.path != resolve_url(settings.LOGIN_URL) or not sent_to.query:
        return response
    return redirect_to_login(page.path + (f"?{page.query}" if page.query else ""))
