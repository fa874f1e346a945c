from operators.models.accounts import Account, Membership, Operator
from operators.models.catalogue import FieldRule, Model, ModelRoute, Upstream
from operators.models.data import DataSettings, Redaction
from operators.models.deployments import Configuration, Deployment, Key
from operators.models.invitations import Invitation
from operators.models.limits import Limits
from operators.models.publications import ScheduledPublication
from operators.models.usage import BudgetNotice, Usage
from operators.models.webhooks import EventType, Webhook, WebhookAttempt, WebhookDelivery

__all__ = [
    "Account",
    "BudgetNotice",
    "Configuration",
    "DataSettings",
    "Deployment",
    "EventType",
    "FieldRule",
    "Invitation",
    "Key",
    "Limits",
    "Membership",
    "Model",
    "ModelRoute",
    "Operator",
    "Redaction",
    "ScheduledPublication",
    "Upstream",
    "Usage",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
]
