"""What the model was told in a turn: composed again from what is recorded, and held against the digest kept with it."""

from dataclasses import dataclass
from typing import Any

from charter import ConfigurationError, Decision, load_charter, parse_configuration, version_of
from charter.prompt import Part, blocks, parts
from conversations.models import Trial, Turn
from conversations.transcript import system_digest
from operators import prompt_reading
from operators.prompt_reading import ReadPrompt


@dataclass(frozen=True)
class Sent:
    """exact: whether it is the recorded prompt to the letter; asked: whether a model was asked at all."""

    turn: Turn
    prompt: ReadPrompt | None
    """None where it cannot be composed any more: the charter that decided is not at hand."""
    exact: bool

    @property
    def asked(self) -> bool:
        return self.turn.status != Turn.Status.OWN_WORDS


def sent(turn: Turn) -> Sent:
    composed = _composed(turn)
    if composed is None:
        return Sent(turn, None, exact=False)
    exact = system_digest(blocks(composed)) == turn.decision.get("system_digest")
    return Sent(turn, prompt_reading.read(composed), exact)


def _settings(turn: Turn) -> dict[str, Any]:
    """Those that answered. What a draft held when it was tried is kept with the trial."""
    if turn.configuration is not None:
        return turn.configuration.settings
    trial = Trial.objects.filter(turn=turn).first()
    return trial.settings if trial else {}


def _composed(turn: Turn) -> list[Part] | None:
    version, decision = version_of(turn.charter_digest), Decision.from_json(turn.decision)
    if version is None:
        return None
    charter = load_charter(version.number)
    try:
        configuration = parse_configuration(charter, _settings(turn))
        return parts(charter, configuration, decision.effective, decision, turn.content["system"])
    except (ConfigurationError, KeyError):
        # An earlier charter may lack a text, or know no more of the settings, than is asked of it today.
        return None
