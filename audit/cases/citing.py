"""The lines of the charter that a verdict may cite."""

from charter import load_charter

Choices = list[tuple[str, list[tuple[str, str]]]]


def choices() -> Choices:
    """Grouped for a form: [(section, [("harm.fraud", its name)])]."""
    charter = load_charter()
    return [
        ("tiers", [(f"tier.{one.id}", one.name) for one in charter.tiers]),
        ("bright_lines", [(one.signal, one.name) for one in charter.bright_lines]),
        ("harms", [(one.signal, one.name) for one in charter.harms]),
        ("behaviours", [(f"behaviour.{one.id}", one.name) for one in charter.behaviours]),
    ]


def names() -> dict[str, str]:
    return {value: name for _section, lines in choices() for value, name in lines}
