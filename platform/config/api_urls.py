"""What the lean handler serves."""

from django.urls import include, path, re_path

from conversations.api.count_tokens import CountTokensView
from conversations.api.health import healthz, readyz
from conversations.api.messages import MessagesView
from conversations.api.models import ModelsView, ModelView
from conversations.api.views import NotFoundView

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("v1/messages", MessagesView.as_view()),
    path("v1/messages/count_tokens", CountTokensView.as_view()),
    path("v1/models", ModelsView.as_view()),
    path("v1/models/<path:model_id>", ModelView.as_view()),
    path("v1/manage/", include("conversations.api.manage.urls")),
    re_path("", NotFoundView.as_view()),
]
