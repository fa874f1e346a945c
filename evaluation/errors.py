"""What can be wrong with a file that is to be measured."""


class EvaluationError(ValueError):
    """A file cannot be read as what it should be; the message is one line and names the place."""
