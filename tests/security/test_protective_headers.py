"""What the product tells browsers, in production: policy, cookies, hosts, TLS; and what it does not take."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.operators.accounts_help import PASSWORD, account
from tests.support.product import free_port
from tests.support.product import web as serve

HOST = "plumbline.example"
OVER_TLS = {"host": HOST, "x-forwarded-proto": "https"}
PAGES = ("/sign-in/", "/sign-up/", "/charter/", "/docs", "/nowhere/", "/account/password/reset/")
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def production(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A web process with production's settings, behind a proxy that ends TLS."""
    environment = {
        "PLUMBLINE_DEBUG": "",
        "PLUMBLINE_ALLOWED_HOSTS": HOST,
        "PLUMBLINE_BEHIND_PROXY": "1",
        "PLUMBLINE_EMAIL_HOST": "127.0.0.1",
    }
    with django_db_blocker.unblock(), serve(free_port(), environment, tmp_path_factory.mktemp("web") / "log") as web:
        yield web


@pytest.fixture
def browser(transactional_db: None, production: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=production, headers=OVER_TLS, trust_env=False, timeout=20) as made:
        yield made


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_protective_headers(browser, path):
    headers = browser.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "server" not in headers or "/" not in headers["server"], "no version"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/nowhere", "/healthz", "/v1/openapi.json"])
def test_the_api_s_answers_are_no_pages(browser, path):
    headers = browser.get(path).headers
    assert headers["content-security-policy"] == "default-src 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"].startswith("max-age=31536000")


def test_static_files_are_what_they_say(browser):
    answer = browser.get("/static/plumbline/base.css")
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_comes_without_tls_is_sent_to_tls(browser):
    answer = browser.get("/charter/", headers={"x-forwarded-proto": "http"})
    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{HOST}/charter/")


@pytest.mark.parametrize("host", ["elsewhere.example", "plumbline.example.elsewhere.example", "127.0.0.1"])
def test_another_host_is_refused(browser, host):
    answer = browser.get("/account/password/reset/", headers={"host": host})
    assert answer.status_code == 400
    assert host not in answer.text


def test_cookies_are_for_tls_and_not_for_scripts(browser):
    account("ada@acme.example")
    page = browser.get("/sign-in/")
    [token] = page.headers.get_list("set-cookie")
    assert "Secure" in token
    assert "SameSite=Lax" in token
    answer = browser.post(
        "/sign-in/",
        data={"login": "ada@acme.example", "password": PASSWORD, "csrfmiddlewaretoken": page.cookies["csrftoken"]},
        headers={"referer": f"https://{HOST}/sign-in/", "cookie": f"csrftoken={page.cookies['csrftoken']}"},
    )
    assert answer.status_code == 302
    session = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("sessionid="))
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in session.split(";")}


@pytest.mark.parametrize(
    "headers",
    [{}, {"referer": "https://elsewhere.example/"}, {"origin": "https://elsewhere.example"}, {"origin": "null"}],
)
def test_a_form_from_elsewhere_is_refused(browser, headers):
    page = browser.get("/sign-in/")
    token = page.cookies["csrftoken"]
    sent = {"login": "ada@acme.example", "password": PASSWORD}
    assert browser.post("/sign-in/", data=sent, headers=headers).status_code == 403
    answer = browser.post(
        "/sign-in/", data=sent | {"csrfmiddlewaretoken": token}, headers={**headers, "cookie": f"csrftoken={token}"}
    )
    assert answer.status_code == 403


def test_bodies_that_no_form_has_are_refused(browser):
    assert browser.post("/sign-in/", content=b"x" * 5 * MIB).status_code == 413
    pieces = (b"x" * MIB for _ in range(6))
    assert browser.post("/sign-in/", content=pieces).status_code == 413
    assert browser.get("/sign-in/").status_code == 200


def test_production_shows_neither_mail_nor_settings(browser):
    assert browser.get("/mail/").status_code == 404
    missing = browser.get("/nowhere/").text
    assert "DEBUG" not in missing
    assert "urlconf" not in missing.lower()


def test_files_uploaded_to_a_page_count(browser, tmp_path: Path):
    answer = browser.post("/sign-in/", files={"file": ("large.bin", b"x" * 5 * MIB)})
    assert answer.status_code == 413
