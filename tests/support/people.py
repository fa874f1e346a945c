"""People who are signed in to the console."""

from uuid import uuid4

from django.test import Client

from operators.models import Account, Membership, Operator


def signed_in(operator: Operator, role: str = "developer") -> Client:
    """A new member of this operator."""
    account = Account.objects.create_user(f"{uuid4()}@example.com", "pw", name="Dev")
    Membership.objects.create(operator=operator, account=account, role=role)
    client = Client()
    client.force_login(account)
    return client
