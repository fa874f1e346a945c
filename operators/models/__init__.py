from operators.models.accounts import Account, Membership, Operator
from operators.models.deployments import Configuration, Deployment, Key

__all__ = ["Account", "Configuration", "Deployment", "Key", "Membership", "Operator"]
