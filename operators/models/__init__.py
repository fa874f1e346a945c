from operators.models.accounts import Account, Membership, Operator
from operators.models.catalogue import FieldRule, Model, ModelRoute, Upstream
from operators.models.deployments import Configuration, Deployment, Key
from operators.models.invitations import Invitation
from operators.models.webhooks import EventType, Webhook, WebhookAttempt, WebhookDelivery

__all__ = [
    "Account",
    "Configuration",
    "Deployment",
    "EventType",
    "FieldRule",
    "Invitation",
    "Key",
    "Membership",
    "Model",
    "ModelRoute",
    "Operator",
    "Upstream",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
]
