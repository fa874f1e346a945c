from operators.models.accounts import Account, Membership, Operator
from operators.models.catalogue import FieldRule, Model, ModelRoute, Upstream
from operators.models.deployments import Configuration, Deployment, Key
from operators.models.limits import Limits
from operators.models.usage import BudgetNotice, Usage

__all__ = [
    "Account",
    "BudgetNotice",
    "Configuration",
    "Deployment",
    "FieldRule",
    "Key",
    "Limits",
    "Membership",
    "Model",
    "ModelRoute",
    "Operator",
    "Upstream",
    "Usage",
]
