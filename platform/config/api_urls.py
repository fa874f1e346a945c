"""What the lean handler serves."""

from django.urls import include, path, re_path

from audit.cases.api import AppealsView, AppealView
from conversations.api.adjustments import AdjustmentsView
from conversations.api.batches import BatchesView, BatchResultsView, BatchView, CancelBatchView
from conversations.api.chat_completions import ChatCompletionsView
from conversations.api.conversations import ConversationsView, ConversationView, EndView
from conversations.api.count_tokens import CountTokensView
from conversations.api.decisions import DecisionsView, TurnDecisionView
from conversations.api.health import HealthView, ReadyView
from conversations.api.messages import MessagesView
from conversations.api.models import ModelsView, ModelView
from conversations.api.openapi import OpenApiView
from conversations.api.receipts import ConsistencyView, LogView, ReceiptView
from conversations.api.turns import TurnsView, TurnView
from conversations.api.users import UserView
from conversations.api.views import NotFoundView

urlpatterns = [
    path("healthz", HealthView.as_view()),
    path("readyz", ReadyView.as_view()),
    path("v1/openapi.json", OpenApiView.as_view()),
    path("v1/messages", MessagesView.as_view()),
    path("v1/messages/count_tokens", CountTokensView.as_view()),
    path("v1/chat/completions", ChatCompletionsView.as_view()),
    path("v1/messages/batches", BatchesView.as_view()),
    path("v1/messages/batches/<str:batch_id>", BatchView.as_view()),
    path("v1/messages/batches/<str:batch_id>/cancel", CancelBatchView.as_view()),
    path("v1/messages/batches/<str:batch_id>/results", BatchResultsView.as_view()),
    path("v1/models", ModelsView.as_view()),
    path("v1/models/<path:model_id>", ModelView.as_view()),
    path("v1/conversations", ConversationsView.as_view()),
    path("v1/conversations/<str:conversation_id>", ConversationView.as_view()),
    path("v1/conversations/<str:conversation_id>/end", EndView.as_view()),
    path("v1/conversations/<str:conversation_id>/turns", TurnsView.as_view()),
    path("v1/turns/<str:turn_id>", TurnView.as_view()),
    path("v1/turns/<str:turn_id>/decision", TurnDecisionView.as_view()),
    path("v1/receipts/<str:receipt_id>", ReceiptView.as_view()),
    path("v1/log", LogView.as_view()),
    path("v1/log/consistency", ConsistencyView.as_view()),
    path("v1/decisions", DecisionsView.as_view()),
    # An app's own id of a user may be any text, slashes and line breaks included.
    re_path(r"^v1/users/(?P<user_id>(?s:.+))/adjustments\Z", AdjustmentsView.as_view()),
    re_path(r"^v1/users/(?P<user_id>(?s:.+))\Z", UserView.as_view()),
    path("v1/appeals", AppealsView.as_view()),
    path("v1/appeals/<str:appeal_id>", AppealView.as_view()),
    path("v1/manage/", include("conversations.api.manage.urls")),
    re_path("", NotFoundView.as_view()),
]
