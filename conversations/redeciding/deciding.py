"""One configuration and one charter, and what they make of turns that are long answered."""

from charter import Charter, Configuration, Decision, Passage, Signal, Situation, decide, doubts
from charter.screens import observe
from conversations.redeciding.material import Material
from conversations.redeciding.verdict import Verdict


class Redecider:
    """Without a judge: its recorded word counts for what it was asked of, and the rest takes the careful path.

    CPU only; belongs to one thread. The same material gives the same verdict every time.
    """

    def __init__(self, charter: Charter, configuration: Configuration) -> None:
        self._charter, self._configuration = charter, configuration
        self._by_operator: dict[tuple[Passage, ...], tuple[Signal, ...]] = {}

    def verdict(self, material: Material) -> Verdict:
        return Verdict.of(self.decision(material))

    def decision(self, material: Material) -> Decision:
        return decide(self._situation(material))

    def in_doubt(self, material: Material) -> bool:
        """Whether a judge would be asked of something that none was asked of when the turn was answered."""
        asked = material.judgment.asked if material.judgment else ()
        return any(signal.name not in asked for signal in doubts(self._situation(material)))

    def _situation(self, material: Material) -> Situation:
        return Situation(
            charter=self._charter,
            configuration=self._configuration,
            user_adjustments=material.wishes,
            signals=(*observe(material.said, self._configuration), *self._of_operator(material)),
            past=material.past,
            judgment=material.judgment,
            asked_to_end=material.asked_to_end,
        )

    def _of_operator(self, material: Material) -> tuple[Signal, ...]:
        """An app's system is the same turn after turn, and read once."""
        texts = material.by_app
        if instructions := self._configuration.instructions:
            texts = (*texts, Passage(instructions, "operator", "configuration.instructions"))
        if texts not in self._by_operator:
            self._by_operator[texts] = observe(texts, self._configuration) if texts else ()
        return self._by_operator[texts]
