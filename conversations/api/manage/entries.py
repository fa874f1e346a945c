"""GET /v1/manage/entries: what was done to the deployment, by whom, as the audit log has it; the newest first."""

from itertools import islice
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from rest_framework.request import Request

from audit.log.names import Name
from audit.log.proofs import envelopes, run
from conversations.api.manage.pages import limit_of, page
from conversations.api.manage.view import ManageView
from conversations.api.paging import only, read_cursor
from conversations.api.views import json_response
from conversations.errors import ApiError
from operators.models import Key
from operators.trail.finding import Wanted, entries

PARAMETERS = frozenset({"limit", "after_id", "name", "subject"})


class EntriesView(ManageView):
    async def get(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        query = request.query_params
        only(query, PARAMETERS)
        limit, after = limit_of(query), read_cursor(query, "after_id")
        name, subject = read_name(query), read_subject(query)

        def work(key: Key) -> dict[str, Any]:
            wanted = Wanted(name=name, subject=subject, deployment=str(key.deployment_id))
            found = islice(entries(key.deployment.operator, wanted, before=after), limit + 1)
            ids: list[UUID] = [entry.pk for entry in found]
            return page(run(envelopes(ids)), limit, "id")

        return json_response(await self.manage(acting, work))


def read_name(query: QueryDict) -> str:
    """Raises ApiError 400."""
    name = query.get("name") or ""
    if name and name not in set(Name):
        raise ApiError(400, "name: there is no such act")
    return name


def read_subject(query: QueryDict) -> tuple[str, str] | None:
    """Raises ApiError 400."""
    text = query.get("subject") or ""
    kind, _, identity = text.partition(":")
    if (text and not (kind and identity)) or "\0" in text:
        raise ApiError(400, "subject: must be a type, a colon and an id, such as key:0192d3a0-…")
    return (kind, identity) if text else None
