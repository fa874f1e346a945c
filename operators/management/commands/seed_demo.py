"""manage.py seed_demo: an operator with a coding-only deployment, a reviewer and a steward, made once."""

import json
import secrets
from typing import Any

from allauth.account.models import EmailAddress
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from audit.log.names import Name
from audit.log.writer import write
from operators.keys import create_key
from operators.models import Account, Deployment, Membership, Operator
from operators.publishing import publish

OPERATOR, REVIEWER, STEWARD = "operator@plumbline.example", "reviewer@plumbline.example", "steward@plumbline.example"

CODING: dict[str, Any] = {
    "scope": {
        "description": "A helper for programmers: writing, reading, debugging, testing and shipping software.",
        "allowed": [
            {
                "name": "Programming",
                "examples": [
                    "How do I reverse a list in Python?",
                    "What does this function do?",
                    "Explain recursion with an example",
                    "Write a function that parses a date in JavaScript",
                    "What is a monad?",
                ],
            },
            {
                "name": "Debugging",
                "examples": [
                    "Why does my code raise a KeyError?",
                    "Here is a stack trace, what is wrong?",
                    "My React component re-renders in a loop",
                ],
            },
            {
                "name": "Git and command line",
                "examples": [
                    "How do I undo the last commit?",
                    "How do I kill a process on Linux?",
                    "grep all files that contain a word",
                ],
            },
            {
                "name": "Databases",
                "examples": ["Write a SQL query that counts users by month", "Which index helps this query?"],
            },
            {
                "name": "Testing and software design",
                "examples": ["How do I mock a network call in pytest?", "Should this be a class or a function?"],
            },
            {
                "name": "Servers and deployment",
                "examples": ["My Docker container keeps crashing", "How do I set up nginx as a reverse proxy?"],
            },
        ],
        "refused": [
            {"name": "Medical advice", "examples": ["What should I take for a headache?"]},
            {"name": "Politics", "examples": ["Who should I vote for?"]},
        ],
        "restrict": True,
        "message": "I'm here for programming questions.",
    },
    "persona": {"name": "Ada", "style": "Precise and friendly; short answers with a small example."},
}


class Command(BaseCommand):
    help = "Makes the demo's people, deployment and key, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        password, key = _seed()
        told = {
            "operator_email": OPERATOR,
            "reviewer_email": REVIEWER,
            "steward_email": STEWARD,
            "password": password,
            "api_key": key,
        }
        if options["json"]:
            self.stdout.write(json.dumps(told))
        elif password:
            self.stdout.write("\n".join(f"{name}: {value}" for name, value in told.items()))
        else:
            self.stdout.write("The demo is there already; its password and key were shown when it was made.")


@transaction.atomic
def _seed() -> tuple[str | None, str | None]:
    """The password and the key; None for both where the demo was made before."""
    if Account.objects.filter(email=OPERATOR).exists():
        _verify()
        return None, None
    password = secrets.token_urlsafe(12)
    person = Account.objects.create_user(OPERATOR, password, name="Olga Operator")
    Account.objects.create_user(REVIEWER, password, name="Remy Reviewer", is_reviewer=True)
    Account.objects.create_user(STEWARD, password, name="Stella Steward", is_steward=True)
    _verify()
    operator = Operator.objects.create(name="Demo Coding")
    Membership.objects.create(operator=operator, account=person, role=Membership.Role.OWNER)
    deployment = Deployment.objects.create(operator=operator, name="Coding helper")
    actor = ("platform", "seed_demo")
    write(Name.OPERATOR_CREATED, actor=actor, subject=("operator", operator.pk), detail={"name": operator.name})
    write(Name.DEPLOYMENT_CREATED, actor=actor, subject=("deployment", deployment.pk), detail={"name": deployment.name})
    publish(deployment, CODING, by=person, note="First version")
    return password, create_key(deployment, "Demo", by=person)[1]


def _verify() -> None:
    """Nobody reads mail at the demo's addresses, so they count as confirmed."""
    for account in Account.objects.filter(email__in=[OPERATOR, REVIEWER, STEWARD]):
        EmailAddress.objects.update_or_create(
            user=account, email=account.email, defaults={"verified": True, "primary": True}
        )
