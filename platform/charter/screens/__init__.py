"""Screens: what can be measured on a text. A screen only raises signals; it never decides."""

from charter.screens.input import observe
from charter.screens.output import OutputScreen

__all__ = ["OutputScreen", "observe"]
