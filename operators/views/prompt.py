"""What a deployment's model is told: the system prompt as it would be sent, of what is live or of the draft."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.oversight.pauses import paused_behaviours
from charter import Charter, Configuration, ConfigurationError, Situation, decide, load_charter, parse_configuration
from charter.prompt import parts
from operators import prompt_reading
from operators.access import account_of, may_change, own_deployment


@login_required
@require_safe
def prompt(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id)
    of_draft = deployment.live is None or request.GET.get("of") == "draft"
    charter, problems, read = load_charter(), [], None
    try:
        configuration = parse_configuration(charter, deployment.draft if of_draft else deployment.live.settings)
    except ConfigurationError as error:
        problems = error.problems
    else:
        read = prompt_reading.read(_parts(charter, configuration))
    context = {
        "deployment": deployment,
        "section": "prompt",
        "may_change": may_change(account_of(request), deployment),
        "of_draft": of_draft,
        "problems": problems,
        "prompt": read,
    }
    return render(request, "operators/prompt.html", context)


def _parts(charter: Charter, configuration: Configuration) -> list:  # type: ignore[type-arg]
    """For a turn in which no rule speaks, by a user who adjusted nothing."""
    decision = decide(Situation(charter, configuration, paused=paused_behaviours()))
    return parts(charter, configuration, decision.effective, decision)
