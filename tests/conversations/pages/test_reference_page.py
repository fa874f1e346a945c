"""/docs: the contract for people, to anyone, without a script."""

import re

import httpx2
import pytest

from config.security import POLICY
from conversations.api.contract.document import OPERATIONS, contract


@pytest.fixture
def shown(web):
    response = httpx2.get(f"{web}/docs")
    assert response.status_code == 200
    return response


def test_each_operation_and_shape_is_there(shown):
    for (path, method), operation in OPERATIONS.items():
        assert f'id="{operation.name}"' in shown.text
        assert f"<code>{method} {path}</code>" in shown.text
    for name in contract()["components"]["schemas"]:
        assert f'id="shape-{name}"' in shown.text


def test_each_link_within_it_leads_somewhere(shown):
    targets, anchors = set(re.findall(r'href="#([^"]*)"', shown.text)), re.findall(r'id="([^"]*)"', shown.text)
    assert targets <= set(anchors)
    assert len(anchors) == len(set(anchors))


def test_it_needs_no_script_and_no_exception_from_the_policy(shown):
    assert shown.headers["content-security-policy"] == POLICY
    # The viewer's time zone, which every page asks for, is all.
    assert re.findall("<script[^>]*>", shown.text) == ['<script src="/static/plumbline/zone.js" defer>']
    assert " style=" not in shown.text


def test_it_is_found_from_every_page(shown, web):
    assert 'href="/docs"' in httpx2.get(f"{web}/sign-in/").text
    assert 'href="/v1/openapi.json"' in shown.text
