"""axe-core finds nothing serious on any page, light and dark."""

import anthropic
import pytest
from axe_playwright_python.sync_playwright import Axe

from audit.cases.models import Case
from conversations.models import Turn
from operators.models import Deployment, Upstream
from tests.browser.conftest import reviewed

GRAVE = {"serious", "critical"}
DEPLOYMENT_PARTS = [
    "scope/",
    "behaviours/",
    "versions/",
    "versions/1/",
    "prompt/",
    "models/",
    "keys/",
    "limits/",
    "conversations/",
    "usage/",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_finding(demo, sign_in, page, scheme):
    with anthropic.Anthropic(base_url=demo["web"], api_key=demo["key"], max_retries=0) as client:
        question = {"role": "user", "content": "I want to kill myself tonight"}
        client.messages.create(model="default", max_tokens=99, messages=[question])
    reviewed()
    deployment, turn = Deployment.objects.get(), Turn.objects.get()
    upstream = Upstream.objects.create(operator=deployment.operator, name="Ours", base_url="https://models.example")
    pages = {
        "operator": [
            "/deployments/",
            *(f"/deployments/{deployment.pk}/{part}" for part in ("", *DEPLOYMENT_PARTS)),
            f"/deployments/{deployment.pk}/conversations/{turn.conversation_id}/",
            f"/deployments/{deployment.pk}/users/erase/",
            "/upstreams/",
            f"/upstreams/{upstream.pk}/",
            f"/operators/{deployment.operator_id}/upstreams/new/",
            "/oversight/",
            "/nowhere/",
            "/charter/",
            "/docs",
        ],
        "reviewer": ["/cases/", f"/cases/{Case.objects.get().pk}/"],
        "steward": ["/oversight/", "/conversations/", f"/conversations/{turn.conversation_id}/"],
    }
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{demo['web']}/sign-in/")
    found = grave_findings(page, "/sign-in/")
    for who, paths in pages.items():
        sign_in(who)
        for path in paths:
            page.goto(f"{demo['web']}{path}")
            found += grave_findings(page, path)
    assert found == []


def grave_findings(page, path: str) -> list[str]:
    result = Axe().run(page)
    return [
        f"{path}: {violation['id']} {[node['target'] for node in violation['nodes']]}"
        for violation in result.response["violations"]
        if violation["impact"] in GRAVE
    ]
