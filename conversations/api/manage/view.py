"""The ground of the management endpoints: a key with the scope `manage`, acting on its own deployment and on no other.

What they do is done by the functions that the console's pages call, in the back office. The key is the actor of the
audit entries. A deployment whose live settings no longer fit the charter answers nobody, but it can be managed: that is
how it is mended.
"""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from rest_framework.request import Request

from charter import ConfigurationError
from conversations.api.views import AsyncAPIView, lower_headers
from conversations.errors import ApiError, LacksScopeError
from conversations.services import services
from operators.catalogue import Offers, catalogue_now
from operators.keys import AuthenticationError, KeyStateError, identify
from operators.models import Key
from operators.models.deployments import Scope
from operators.publishing import StaleDraftError

MOST_PROBLEMS, LONGEST_PROBLEM = 100, 500

T = TypeVar("T")


class ManageView(AsyncAPIView):
    async def acting(self, request: Request) -> UUID:
        """The id of the key that calls. Raises ApiError 401, or 403 where it lacks the scope."""
        try:
            known = await identify(services().directory, lower_headers(request))
        except AuthenticationError as error:
            raise ApiError(401, str(error)) from None
        if Scope.MANAGE.value not in known.scopes:
            raise LacksScopeError(Scope.MANAGE.value)
        return known.key_id

    async def manage(self, acting: UUID, work: Callable[[Key], T]) -> T:
        """`work` done with the key as it is now, in the back office. Raises ApiError for what the domain refuses."""

        def done() -> T:
            try:
                return work(_now(acting))
            except ConfigurationError as error:
                raise problems_error(error) from None
            except StaleDraftError as error:
                raise ApiError(409, f"over: {error}", more={"live": error.live}) from None
            except KeyStateError as error:
                raise ApiError(409, str(error)) from None

        return await services().back_office.do(done)


def _now(key_id: UUID) -> Key:
    usable = Key.objects.usable().select_related("deployment__operator", "deployment__live")
    key = usable.filter(pk=key_id).first()
    if key is None:
        raise ApiError(401, "this key was revoked")
    return key


def reach(key: Key) -> Offers:
    """Every model that the key's operator may use."""
    return catalogue_now().offers(key.deployment.operator_id, [], {})


def problems_error(error: ConfigurationError) -> ApiError:
    """400 with every problem: where, what, and which rule it breaks."""
    told = problems(error)
    first = "; ".join(f"{one['path']}: {one['message']}" if one["path"] else one["message"] for one in told[:3])
    rest = f"; and {len(error.problems) - 3} more" if len(error.problems) > 3 else ""
    return ApiError(400, first + rest, more={"problems": told})


def problems(error: ConfigurationError) -> list[dict[str, str]]:
    return [
        {part: getattr(problem, part)[:LONGEST_PROBLEM] for part in ("path", "message", "rule")}
        for problem in error.problems[:MOST_PROBLEMS]
    ]
