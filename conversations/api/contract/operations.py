"""One operation of the API, and how it is written in OpenAPI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conversations.api.contract.parts import Part
from conversations.api.contract.shared import OF_READING, errors


@dataclass(frozen=True)
class Operation:
    """`name` is the operationId. scope: what a key needs; "" for what is open to everyone.

    asks_model: its server's own statuses may come back. shape: which of the errors' shapes a caller gets.
    """

    name: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, Part]
    scope: str = ""
    parameters: Sequence[Part] = ()
    body: Part | None = None
    errors: Sequence[int] = OF_READING
    asks_model: bool = False
    shape: str = "Error"

    def written(self) -> Part:
        """The operation object."""
        needs = f" Takes a key with the scope `{self.scope}`." if self.scope else " Open to everyone."
        answers = {str(status): answer for status, answer in self.answers.items()}
        return {
            "operationId": self.name,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description + needs,
            "security": [{"key": []}, {"bearer": []}] if self.scope else [],
            **({"parameters": list(self.parameters)} if self.parameters else {}),
            **({"requestBody": self.body} if self.body else {}),
            "responses": answers | errors(*self.errors, shape=self.shape, others=self.asks_model),
        }
