"""Under /v1/manage/."""

from django.urls import path

from conversations.api.manage import configurations, data, entries, keys, usage

urlpatterns = [
    path("deployment", configurations.DeploymentView.as_view()),
    path("apply", configurations.ApplyView.as_view()),
    path("draft", configurations.DraftView.as_view()),
    path("configurations", configurations.ConfigurationsView.as_view()),
    path("configurations/validate", configurations.ValidateView.as_view()),
    path("configurations/<str:number>", configurations.ConfigurationView.as_view()),
    path("configurations/<str:number>/differences", configurations.DifferencesView.as_view()),
    path("configurations/<str:number>/roll_back", configurations.RollBackView.as_view()),
    path("keys", keys.KeysView.as_view()),
    path("keys/<str:key_id>", keys.KeyView.as_view()),
    path("keys/<str:key_id>/rotate", keys.RotateView.as_view()),
    path("keys/<str:key_id>/revoke", keys.RevokeView.as_view()),
    path("entries", entries.EntriesView.as_view()),
    path("data", data.DataView.as_view()),
    path("usage", usage.UsageView.as_view()),
]
