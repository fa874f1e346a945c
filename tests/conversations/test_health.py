"""/healthz and /readyz, as load balancers ask for them."""

import httpx2
import pytest


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_process_that_is_well_says_so(web, method, path):
    response = httpx2.request(method, f"{web}{path}")
    assert response.status_code == 200
    assert response.headers["request-id"].startswith("req_")
    assert (response.json()["status"] == "ok") if method == "GET" else (response.content == b"")


def test_nothing_else_is_taken(web):
    response = httpx2.post(f"{web}/healthz")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
