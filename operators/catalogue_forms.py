"""Forms of the catalogue: upstreams with keys that go in and never come out, and a deployment's models."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from config.sealing import SealError
from operators.catalogue import environment_endpoint
from operators.models import Deployment, Model, Upstream
from operators.own_upstreams import Servable, names_there, servable


class UpstreamForm(forms.ModelForm):
    """`api_key` is written only: an empty one leaves the key as it is."""

    api_key = forms.CharField(
        label=_("API key"),
        max_length=1000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Sealed when it is saved and never shown again. Leave empty to keep the one there is."),
    )
    without_key = forms.BooleanField(label=_("Remove the key"), required=False)

    class Meta:
        model = Upstream
        fields = ["operator", "name", "base_url", "position", "enabled"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._context_before = self.instance.seal_context

    def _post_clean(self) -> None:
        super()._post_clean()
        given, remove = self.cleaned_data.get("api_key", ""), self.cleaned_data.get("without_key")
        moved = self.instance.seal_context != self._context_before
        if not given and not remove and self.instance.sealed_key is not None and moved:
            self.add_error("api_key", _("The key was given for the old address. Give it again, or remove it."))
        elif (given or remove) and not self.errors:
            try:
                self.instance.set_key("" if remove else given)
            except SealError as error:
                self.add_error("api_key", str(error))


class OwnUpstreamForm(UpstreamForm):
    """An operator's own upstream, with what it calls the models it serves."""

    field_order = ["name", "base_url", "api_key", "without_key", "position", "enabled"]

    class Meta:
        model = Upstream
        fields = ["name", "base_url", "position", "enabled"]

    def __init__(self, *args: Any, instance: Upstream, **kwargs: Any) -> None:
        super().__init__(*args, instance=instance, **kwargs)
        if instance._state.adding:
            del self.fields["without_key"]
        there = {} if instance._state.adding else names_there(instance)
        self.models = servable(instance.operator)
        for model in self.models:
            self.fields[model.field] = forms.CharField(
                label=model.name, max_length=128, required=False, initial=there.get(model.id, "") if model.id else ""
            )

    @property
    def about(self) -> list[forms.BoundField]:
        """All fields but those of the models."""
        return [field for field in self if not field.name.startswith("model-")]

    @property
    def serving(self) -> list[forms.BoundField]:
        return [self[model.field] for model in self.models]

    @property
    def served(self) -> dict[Servable, str]:
        return {model: self.cleaned_data[model.field] for model in self.models}

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if self.instance.operator.upstreams.filter(name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(NAME_TAKEN)
        return name


NAME_TAKEN = _("You have an upstream of that name already.")


class DeploymentModelsForm(forms.ModelForm):
    """Which models a deployment may use, and what its app may call them."""

    class Meta:
        model = Deployment
        fields = ["model_names", "model_aliases"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        names, aliases = cleaned.get("model_names") or [], cleaned.get("model_aliases") or {}
        for field, said in (("model_names", names), ("model_aliases", aliases.values())):
            if unknown := sorted(set(said) - known_names()):
                self.add_error(field, _("There is no model %(names)s.") % {"names": ", ".join(unknown)})
        if beyond := sorted(set(aliases.values()) - set(names)) if names else []:
            self.add_error("model_aliases", _("Not among its models: %(names)s.") % {"names": ", ".join(beyond)})
        return cleaned


def known_names() -> set[str]:
    """The names of all models, the environment's included."""
    names = set(Model.objects.values_list("name", flat=True))
    return names | {settings.UPSTREAM_MODEL} if environment_endpoint() is not None else names
