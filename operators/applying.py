"""Bring a deployment to the state a file describes: what differs is published and set at once, what does not stays."""

from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from charter import ConfigurationError, Problem, load_charter, parse_configuration
from operators import actors
from operators.catalogue import Offers
from operators.deployment_models import Models, parse_models, set_models
from operators.differences import Difference, between_models, between_settings
from operators.models import Configuration, Deployment
from operators.publishing import StaleDraftError, live_number, locked, publish


@dataclass(frozen=True, slots=True)
class Applied:
    """What differs, or differed. A first version is published even where its settings say nothing."""

    differences: list[Difference]
    publishes: bool
    published: Configuration | None = None
    """None in a dry run, and where nothing is published."""

    @property
    def changes(self) -> bool:
        return self.publishes or bool(self.differences)


def apply(
    deployment: Deployment,
    settings: Any,
    models: Any,
    *,
    by: actors.By,
    reach: Offers,
    note: str = "",
    over: int | None = None,
    dry_run: bool = False,
) -> Applied:
    """settings, models: as JSON; models None to leave them as they are. The same twice changes nothing the second time.

    over: the number of the version that was live when the caller looked; StaleDraftError if another is by now, unless
    nothing is left to do. dry_run: only tells. Raises charter.ConfigurationError with all problems of both.
    """
    with transaction.atomic():
        now = locked(deployment)
        wanted = _checked(now, settings, models, reach)
        differences = between_settings(now.live.settings if now.live else {}, settings)
        publishes = bool(differences) or now.live is None
        if wanted is not None:
            differences += between_models(Models.of(now), wanted)
        planned = Applied(differences, publishes)
        if dry_run or not planned.changes:
            return planned
        if over is not None and over != live_number(now):
            raise StaleDraftError(f"version {live_number(now)} was published meanwhile", live_number(now))
        if wanted is not None:
            set_models(now, wanted, by=by)
        return replace(planned, published=publish(now, settings, by=by, note=note)) if publishes else planned


def _checked(now: Deployment, settings: Any, models: Any, reach: Offers) -> Models | None:
    problems: list[Problem] = []
    wanted = None
    try:
        parse_configuration(load_charter(), settings)
    except ConfigurationError as error:
        problems += error.problems
    try:
        wanted = parse_models(models, reach, Models.of(now)) if models is not None else None
    except ConfigurationError as error:
        problems += error.problems
    if problems:
        raise ConfigurationError(problems)
    return wanted
