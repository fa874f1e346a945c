"""Numbers at a glance, each beside the one of the time before."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`asks`: the filter that lists the conversations behind it; "" where no list does."""

    name: str
    value: float | None
    before: float | None
    asks: str = ""
    unit: str = ""
    places: int = 0

    @property
    def change(self) -> int | None:
        """In per cent against the time before; None where there was nothing then."""
        if not self.before or self.value is None:
            return None
        return round((float(self.value) / float(self.before) - 1) * 100)

    @property
    def less(self) -> int:
        return -(self.change or 0)
