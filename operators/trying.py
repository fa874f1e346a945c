"""What a member may try in the playground, and as whom: the draft or the live version, under the playground's key."""

import secrets
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.conf import settings as platform
from django.db import IntegrityError, transaction

from audit.log.names import Name
from audit.log.writer import write
from charter import load_charter, parse_configuration
from config import database
from operators import actors
from operators.allowances import Subject, lower, read_subjects
from operators.data_rules import rules_by
from operators.directory import Access, Directory
from operators.keys import hash_secret
from operators.models import Account, Deployment, Key
from operators.publishing import settings_digest


@dataclass(frozen=True)
class Tried:
    """A deployment as one member tries it. `number`: of the live version; 0 for the draft."""

    account_id: UUID
    deployment_id: UUID
    operator_id: UUID
    name: str
    key_id: UUID
    model_names: list[str]
    model_aliases: dict[str, str]
    settings: dict[str, Any]
    digest: str
    configuration_id: UUID | None = None
    number: int = 0

    @property
    def of_draft(self) -> bool:
        return self.configuration_id is None


class _Playground(Subject):
    """The playground's key among those who are held to limits, by its own name."""

    def __str__(self) -> str:
        return "the playground"


def tried(deployment: Deployment, by: Account, *, live: bool) -> Tried:
    """Raises ValueError for the live version where nothing is published."""
    if live and deployment.live is None:
        raise ValueError("nothing is published")
    version = deployment.live if live else None
    settings = version.settings if version else deployment.draft
    return Tried(
        account_id=by.pk,
        deployment_id=deployment.pk,
        operator_id=deployment.operator_id,
        name=deployment.name,
        key_id=playground_key(deployment, by).pk,
        model_names=deployment.model_names,
        model_aliases=deployment.model_aliases,
        settings=settings,
        digest=settings_digest(settings),
        configuration_id=version.pk if version else None,
        number=version.number if version else 0,
    )


def playground_key(deployment: Deployment, by: Account) -> Key:
    """The deployment's, made with its first use. It has no scope and its secret is thrown away: it opens nothing."""
    found = Key.everything.filter(deployment=deployment, playground=True)
    if (key := found.first()) is not None:
        return key
    try:
        with transaction.atomic():
            key = Key.everything.create(
                deployment=deployment,
                name="Playground",
                public_id=secrets.token_hex(8),
                secret_hash=hash_secret(secrets.token_hex(32)),
                scopes=[],
                created_by=by,
                playground=True,
            )
            detail = {"deployment": str(deployment.pk), "name": key.name, "playground": True, "scopes": []}
            write(Name.KEY_CREATED, actor=actors.actor(by), subject=("key", key.pk), detail=detail)
    except IntegrityError:
        return found.get()  # another member was first
    return key


async def access_to(directory: Directory, what: Tried) -> Access:
    """As an app's key would open it. Raises charter.ConfigurationError where the charter refuses the settings."""
    charter = load_charter()
    configuration = parse_configuration(charter, what.settings)
    catalogue = await directory.catalogue()
    async with database.pool().connection() as connection:
        key, *others = await read_subjects(
            connection, key=what.key_id, deployment=what.deployment_id, operator=what.operator_id
        )
        data = await rules_by(connection, what.deployment_id)
    return Access(
        key_id=what.key_id,
        deployment_id=what.deployment_id,
        operator_id=what.operator_id,
        deployment_name=what.name,
        data=data,
        configuration_id=what.configuration_id,
        configuration_number=what.number,
        configuration=configuration,
        charter=charter,
        offers=catalogue.offers(what.operator_id, what.model_names, what.model_aliases),
        scopes=frozenset({"turns"}),
        subjects=(_held(key), *others),
        tried_by=what.account_id,
    )


def _held(key: Subject) -> Subject:
    """People type; whoever asks faster than that is a program, and programs have keys of their own."""
    amounts = {name: lower(getattr(key.allowance, name), most) for name, most in platform.PLAYGROUND_LIMITS.items()}
    return _Playground(key.kind, key.id, replace(key.allowance, **amounts))
