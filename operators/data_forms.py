"""The form of a deployment's data settings, with what each of them changes in plain words."""

from django import forms
from django.utils.translation import gettext_lazy as _

from operators.models import DataSettings


class DataForm(forms.ModelForm):
    class Meta:
        model = DataSettings
        fields = ["store_content", "retention_days", "redaction", "region_note"]
        widgets = {"redaction": forms.RadioSelect, "region_note": forms.Textarea(attrs={"rows": 2})}
        help_texts = {
            "store_content": _(
                "Off, decisions and numbers are kept and no word of what was said. The app must then send the whole "
                "history each time, reviewers see decisions only, and nothing can be replayed. What was kept before "
                "stays until its time is over or it is erased."
            ),
            "retention_days": _(
                "From 1 to 3650. Older messages and answers are removed within the hour, with whatever quotes them; "
                "decisions stay. Empty, they are kept until somebody erases them."
            ),
            "redaction": _(
                "E-mail addresses, phone and card numbers and the like, as far as they can be recognised; names are "
                "not. Where the model is sent placeholders, they are put back in what the user reads."
            ),
            "region_note": _("For the people who read this page. Nothing is moved by it."),
        }

    def save(self, commit: bool = True) -> DataSettings:
        raise NotImplementedError("operators.data_settings changes them, with an entry")
