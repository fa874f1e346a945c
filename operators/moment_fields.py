"""Times that people type, by their own clock."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.zones import UTC


class MomentField(forms.DateTimeField):
    """Read and shown in `zone`, which its label names. A time that the clock skips or has twice is refused."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, *, label: Any, **kwargs: Any) -> None:
        super().__init__(label=label, **kwargs)
        self._name = label
        self.read_in(UTC)

    def read_in(self, zone: ZoneInfo) -> None:
        """Of a form's own field, never of its class's."""
        self.zone = zone
        self.label = _("%(what)s (%(zone)s)") % {"what": self._name, "zone": zone.key}

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(self.zone):
            found: datetime | None = super().to_python(value)
        return found

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(self.zone):
            return super().prepare_value(value)
