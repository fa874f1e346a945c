"""Who makes a change: a person in the console, a key through the API, or (None) a command of the platform."""

from audit.log.writer import Ref
from operators.models import Account, Key

By = Account | Key | None


def actor(by: By) -> Ref:
    """As the audit log names them."""
    if by is None:
        return Ref("platform", "command")
    return Ref("account" if isinstance(by, Account) else "key", str(by.pk))


def account(by: By) -> Account | None:
    return by if isinstance(by, Account) else None


def key(by: By) -> Key | None:
    return by if isinstance(by, Key) else None
