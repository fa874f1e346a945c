"""What the lean handler serves."""

from django.urls import path, re_path

from conversations.api.batches import BatchesView, BatchResultsView, BatchView, CancelBatchView
from conversations.api.chat_completions import ChatCompletionsView
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
    path("v1/chat/completions", ChatCompletionsView.as_view()),
    path("v1/messages/batches", BatchesView.as_view()),
    path("v1/messages/batches/<str:batch_id>", BatchView.as_view()),
    path("v1/messages/batches/<str:batch_id>/cancel", CancelBatchView.as_view()),
    path("v1/messages/batches/<str:batch_id>/results", BatchResultsView.as_view()),
    path("v1/models", ModelsView.as_view()),
    path("v1/models/<path:model_id>", ModelView.as_view()),
    re_path("", NotFoundView.as_view()),
]
