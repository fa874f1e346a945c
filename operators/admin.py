"""The stewards' admin: the catalogue of models and upstreams. Each change is an entry of the audit log."""

from typing import Any

from django.contrib import admin
from django.db.models import Model as Row
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.log.names import Name
from audit.log.writer import write
from operators.access import account_of
from operators.catalogue_forms import DeploymentModelsForm, UpstreamForm
from operators.limit_forms import AllowedForm
from operators.limits import FIELDS, change_limits
from operators.models import Account, Deployment, FieldRule, Limits, Model, ModelRoute, Upstream


class StewardsOnly:
    """Permissions of an admin that stewards use, whatever Django's own permission tables say."""

    def _steward(self, request: HttpRequest) -> bool:
        return isinstance(request.user, Account) and request.user.is_steward

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._steward(request)

    def has_view_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return self._steward(request)

    def has_add_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return self._steward(request)

    def has_change_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return self._steward(request)

    def has_delete_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return self._steward(request)


class AuditedAdmin(StewardsOnly, admin.ModelAdmin):
    """Writes entries in the change's own transaction: which fields changed, never their values."""

    subject = ""
    names: dict[str, Name] = {}

    def log_addition(self, request: HttpRequest, obj: Row, message: Any) -> Any:
        self._write("created", request, obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Row, message: Any) -> Any:
        self._write("changed", request, obj, message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self._write("removed", request, obj, [])
        return super().log_deletions(request, queryset)

    def _write(self, action: str, request: HttpRequest, obj: Row, message: Any) -> None:
        fields = {name for part in message for told in part.values() for name in told.get("fields", ())}
        write(
            self.names[action],
            actor=("account", account_of(request).pk),
            subject=(self.subject, obj.pk),
            detail={"name": str(obj), "fields": sorted(map(str, fields))},
        )


@admin.register(Upstream)
class UpstreamAdmin(AuditedAdmin):
    form = UpstreamForm
    list_display = ["name", "operator", "base_url", "position", "enabled", "key_set_at"]
    list_filter = ["enabled", "operator"]
    readonly_fields = ["key_set_at"]
    fields = ["operator", "name", "base_url", "api_key", "key_set_at", "without_key", "position", "enabled"]
    subject = "upstream"
    names = {"created": Name.UPSTREAM_CREATED, "changed": Name.UPSTREAM_CHANGED, "removed": Name.UPSTREAM_REMOVED}

    def get_readonly_fields(self, _request: HttpRequest, obj: Upstream | None = None) -> list[str]:
        # Whose key it is does not change: the platform's would otherwise become an operator's.
        return [*self.readonly_fields, "operator"] if obj else list(self.readonly_fields)


class RouteInline(StewardsOnly, admin.TabularInline):
    model = ModelRoute
    extra = 1


class RuleInline(StewardsOnly, admin.TabularInline):
    model = FieldRule
    extra = 1


@admin.register(Model)
class ModelAdmin(AuditedAdmin):
    list_display = ["name", "display_name", "lifecycle", "created_at", "input_price", "output_price"]
    list_filter = ["lifecycle"]
    search_fields = ["name", "display_name"]
    inlines = [RouteInline, RuleInline]
    subject = "model"
    names = {"created": Name.MODEL_CREATED, "changed": Name.MODEL_CHANGED, "removed": Name.MODEL_REMOVED}


@admin.register(Deployment)
class DeploymentAdmin(AuditedAdmin):
    """Only the models it may use; everything else of a deployment has its own pages."""

    form = DeploymentModelsForm
    list_display = ["name", "operator", "model_names"]
    list_filter = ["operator"]
    search_fields = ["name", "operator__name"]
    subject = "deployment"
    names = {"changed": Name.DEPLOYMENT_CHANGED}

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(Limits)
class LimitsAdmin(StewardsOnly, admin.ModelAdmin):
    """What the platform allows; what operators set within it has pages of its own. Entries say before and after."""

    form = AllowedForm
    list_display = ["__str__", *FIELDS]
    autocomplete_fields = ["deployment"]
    raw_id_fields = ["key"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Limits]:
        return super().get_queryset(request).filter(set_by=Limits.SetBy.PLATFORM)

    def get_readonly_fields(self, _request: HttpRequest, obj: Limits | None = None) -> list[str]:
        return ["operator", "deployment", "key"] if obj else []

    def save_model(self, request: HttpRequest, obj: Limits, _form: Any, _change: Any) -> None:
        self._change(request, obj, {name: getattr(obj, name) for name in FIELDS})

    def delete_model(self, request: HttpRequest, obj: Limits) -> None:
        self._change(request, obj, dict.fromkeys(FIELDS))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Limits]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def _change(self, request: HttpRequest, obj: Limits, said: dict[str, Any]) -> None:
        subject = obj.operator or obj.deployment or obj.key
        change_limits(subject, said, set_by=Limits.SetBy.PLATFORM, by=account_of(request))
