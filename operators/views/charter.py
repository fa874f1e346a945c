"""The charter, for anyone to read: whole, in every version, and what tells two versions apart."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import etag, require_safe

from charter import Version, difference, in_force, load_charter, versions
from charter.bundled import document_json, document_text
from operators import charter_reading

for_good = cache_control(public=True, max_age=86_400, immutable=True)
"""A version never changes, so whoever has it need not ask again."""


def _version(number: str) -> Version:
    found = next((version for version in versions() if version.number == number), None)
    if found is None:
        raise Http404
    return found


def _before(version: Version) -> Version | None:
    """The version that this one replaced."""
    older = versions()[versions().index(version) + 1 :]
    return older[0] if older else None


def _etag(_request: HttpRequest, number: str) -> str:
    return f'"{_version(number).digest}"'


@require_safe
def charter(request: HttpRequest) -> HttpResponse:
    return _whole(request, in_force())


@require_safe
def one_version(request: HttpRequest, number: str) -> HttpResponse:
    return _whole(request, _version(number))


def _whole(request: HttpRequest, version: Version) -> HttpResponse:
    current = in_force()
    newer = versions()[versions().index(current) : versions().index(version)]
    context = charter_reading.parts(load_charter(version.number)) | {
        "version": version,
        "in_force": version == current,
        "current": current,
        "to_come": versions().index(version) < versions().index(current),
        "replaced_by": newer[-1] if newer else None,
        "replaced": _before(version),
    }
    return render(request, "operators/charter/whole.html", context)


@require_safe
def all_versions(request: HttpRequest) -> HttpResponse:
    listed = [(version, _before(version)) for version in versions()]
    return render(request, "operators/charter/versions.html", {"versions": listed, "current": in_force()})


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """To the comparison of what was chosen; without a choice, of the one in force with what it replaced."""
    new = _version(request.GET.get("new", in_force().number))
    old = _version(request.GET["old"]) if "old" in request.GET else _before(new) or new
    return redirect("charter-compare", old.number, new.number)


@require_safe
def compare(request: HttpRequest, old: str, new: str) -> HttpResponse:
    older, newer = _version(old), _version(new)
    found = difference(load_charter(old), load_charter(new))
    context = {
        "old": older,
        "new": newer,
        "versions": versions(),
        "backwards": older.since > newer.since,
        "counts": {kind: found.count(kind) for kind in ("added", "removed", "changed")},
        "sections": charter_reading.told(found),
    }
    return render(request, "operators/charter/compare.html", context)


@require_safe
@etag(_etag)
@for_good
def as_toml(_request: HttpRequest, number: str) -> HttpResponse:
    return _download(_version(number), document_text(number), "toml")


@require_safe
@etag(_etag)
@for_good
def as_json(_request: HttpRequest, number: str) -> HttpResponse:
    """The canonical content: the SHA-256 of these very bytes is the digest that decisions cite."""
    return _download(_version(number), document_json(number), "json")


def _download(version: Version, content: str | bytes, kind: str) -> HttpResponse:
    name = f"plumbline-charter-{version.number}.{kind}"
    return HttpResponse(
        content,
        content_type=f"application/{kind}" + ("; charset=utf-8" if kind == "toml" else ""),
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
