"""What the model was told in a turn: composed again from what is recorded, and held against the digest kept with it."""

from dataclasses import dataclass

from charter import ConfigurationError, Decision, load_charter, parse_configuration, version_of
from charter.prompt import Part, blocks, parts
from conversations.models import Turn
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
    # Whether our cache mark had room beside the app's own is not recorded; the digest tells.
    composed = [found for mark in (True, False) if (found := _composed(turn, mark=mark))]
    if not composed:
        return Sent(turn, None, exact=False)
    recorded = turn.decision.get("system_digest")
    exact = next((found for found in composed if system_digest(blocks(found)) == recorded), None)
    return Sent(turn, prompt_reading.read(exact or composed[0]), exact is not None)


def _composed(turn: Turn, *, mark: bool) -> list[Part] | None:
    version, decision = version_of(turn.charter_digest), Decision.from_json(turn.decision)
    if version is None:
        return None
    charter = load_charter(version.number)
    try:
        configuration = parse_configuration(charter, turn.configuration.settings if turn.configuration else {})
        return parts(charter, configuration, decision.effective, decision, turn.content["system"], mark=mark)
    except (ConfigurationError, KeyError):
        # An earlier charter may lack a text, or know no more of the settings, than is asked of it today.
        return None
