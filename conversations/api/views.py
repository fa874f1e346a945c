"""The async ground of the API's views: DRF's view with an async dispatch, errors in the shape that the caller knows."""

import logging
from collections.abc import Mapping
from secrets import token_hex
from typing import Any

import orjson
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from psycopg import Error as DatabaseError
from rest_framework import exceptions
from rest_framework.views import APIView

from config.api_handler import ApiRequest
from config.bodies import MIB
from conversations.errors import ApiError
from conversations.openai.errors import error_body, status_of

log = logging.getLogger(__name__)


class AsyncAPIView(APIView):
    """Handlers are coroutines that return a response or raise ApiError. Every response has a `request-id`."""

    http_method_names = ["get", "post", "put", "patch", "delete"]
    content_types = frozenset({"application/json"})
    """Of the bodies that it takes."""

    def speaks_openai(self, request: HttpRequest) -> bool:  # noqa: ARG002 - some views ask it
        """Whether errors and headers are to have OpenAI's shape; answers are the handler's own."""
        return False

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)

        async def called(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return await view(request, *args, **kwargs)

        called.csrf_exempt = True  # type: ignore[attr-defined]
        # By these drf-spectacular knows a route of the API.
        called.cls, called.initkwargs = cls, initkwargs  # type: ignore[attr-defined]
        return called

    async def dispatch(self, request: ApiRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        request_id = f"req_{token_hex(12)}"
        self.request_id = request_id
        openai, failed = self.speaks_openai(request), None
        try:
            handler = self._handler(request)
            response = await handler(self.initialize_request(request, *args, **kwargs), *args, **kwargs)
        except ApiError as error:
            failed = error
        except SuspiciousOperation:
            # Django's own limits, for instance on how many parameters a query has.
            failed = ApiError(400, "the request's query cannot be read")
        except exceptions.APIException as error:
            failed = ApiError(error.status_code, str(error.detail))
        except (TimeoutError, DatabaseError, OSError) as error:
            log.error("%s %s: %s", request_id, request.path, error)  # noqa: TRY400 - the database is away, not the code
            failed = ApiError(503, "the database cannot be reached; nothing was answered", headers={"retry-after": "2"})
        except Exception:
            log.exception("%s %s failed", request_id, request.path)
            failed = ApiError(500, "an error of ours; it was logged under this request id")
        if failed is not None:
            response = error_response(failed, request_id, openai=openai)
        response.headers["request-id"] = request_id
        if openai:
            response.headers["x-request-id"] = request_id
        return response

    def _handler(self, request: ApiRequest) -> Any:
        if request.too_large:
            raise ApiError(413, f"the body is larger than what is taken here ({request.largest // MIB} MiB)")
        name = str(request.method).lower()
        handler = getattr(self, name, None) if name in self.http_method_names else None
        if handler is None:
            raise ApiError(405, f"{request.method} is not served here", headers={"allow": self._allowed()})
        if any(request.chunks):
            self._refuse_unreadable(request)
        return handler

    def _refuse_unreadable(self, request: ApiRequest) -> None:
        """A body that says that it is something else; one that says nothing is taken for what is served here."""
        kind = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if kind and kind not in self.content_types:
            raise ApiError(415, f"content-type: must be {' or '.join(sorted(self.content_types))}, not {kind[:100]}")
        coding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        if coding not in {"", "identity"}:
            told = f"content-encoding: {coding[:100]} is not taken; send the body as it is"
            raise ApiError(415, told, headers={"accept-encoding": "identity"})

    def _allowed(self) -> str:
        return ", ".join(method.upper() for method in self.http_method_names if hasattr(self, method))


class EitherView(AsyncAPIView):
    """Serves both APIs; the caller's headers tell which."""

    def speaks_openai(self, request: HttpRequest) -> bool:
        return wants_openai(lower_headers(request))


class NotFoundView(EitherView):
    """Whatever else is asked for."""

    schema = None

    def _handler(self, request: ApiRequest) -> Any:
        raise ApiError(404, f"there is no {request.path} here")


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(orjson.dumps(data), status=status, content_type="application/json", headers=headers or {})


def error_response(error: ApiError, request_id: str, *, openai: bool = False) -> HttpResponse:
    if openai:
        return json_response(error_body(error), status_of(error), error.headers)
    return json_response(error.body(request_id), error.status, error.headers)


def wants_openai(headers: Mapping[str, str]) -> bool:
    """Whether a caller's headers are those of OpenAI's clients: a bearer token, and nothing of the Messages API's."""
    return "authorization" in headers and not {"x-api-key", "anthropic-version"} & headers.keys()


def lower_headers(request: Any) -> dict[str, str]:
    """The request's headers by lower-case name."""
    return {name.lower(): value for name, value in request.headers.items()}
