"""axe-core finds nothing serious on any page, light and dark."""

import anthropic
import pytest
from axe_playwright_python.sync_playwright import Axe

from audit.cases.models import Assessment, Case
from conversations.models import Turn
from operators.models import Account, Deployment, Upstream
from tests.browser.conftest import replayed, reviewed

GRAVE = {"serious", "critical"}
DEPLOYMENT_PARTS = [
    "scope/",
    "behaviours/",
    "playground/",
    "try/",
    "go-live/",
    "first-call/",
    "versions/",
    "versions/1/",
    "replays/",
    "prompt/",
    "models/",
    "keys/",
    "limits/",
    "data/",
    "conversations/",
    "usage/",
    "reviews/",
    "wellbeing/",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_finding(demo, sign_in, page, scheme):
    with anthropic.Anthropic(base_url=demo["web"], api_key=demo["key"], max_retries=0) as client:
        question = {"role": "user", "content": "I want to kill myself tonight"}
        client.messages.create(model="default", max_tokens=99, messages=[question])
    reviewed()
    deployment, turn = Deployment.objects.get(), Turn.objects.get()
    upstream = Upstream.objects.create(operator=deployment.operator, name="Ours", base_url="https://models.example")
    case, reviewer = Case.objects.get(), Account.objects.get(is_reviewer=True)
    at = f"/cases/at/{Assessment.objects.create(case=case, reviewer=reviewer, stage='first').pk}/"
    pages = {
        "operator": [
            "/deployments/",
            "/deployments/new/",
            *(f"/deployments/{deployment.pk}/{part}" for part in ("", *DEPLOYMENT_PARTS)),
            f"/deployments/{deployment.pk}/conversations/{turn.conversation_id}/",
            f"/deployments/{deployment.pk}/users/erase/",
            "/upstreams/",
            f"/upstreams/{upstream.pk}/",
            f"/operators/{deployment.operator_id}/upstreams/new/",
            f"/operators/{deployment.operator_id}/oversight/",
            "/oversight/",
            f"/operators/{deployment.operator_id}/audit-trail/",
            f"/operators/{deployment.operator_id}/audit-trail/{turn.entry_id}/",
            "/nowhere/",
            "/charter/",
            "/docs",
            f"/deployments/{deployment.pk}/replays/{replayed(deployment).pk}/",
            "/style/",
        ],
        "reviewer": [
            "/cases/",
            f"/cases/{case.pk}/",
            at,
            "/cases/preferences/",
            "/cases/quality/",
            f"/wellbeing/{deployment.pk}/",
        ],
        "steward": [
            "/oversight/",
            "/oversight/history/",
            "/oversight/report/",
            "/oversight/charter/",
            "/conversations/",
            f"/conversations/{turn.conversation_id}/",
            "/cases/reviewers/",
            "/reviews/",
            "/log/",
        ],
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
