from django.urls import path, re_path

from conversations.pages import ending, reference, replays, usage, views

urlpatterns = [
    re_path(r"^docs/?\Z", reference.reference, name="reference"),
    path("conversations/", views.all_conversations, name="all-conversations"),
    path("conversations/<uuid:conversation_id>/", views.any_conversation, name="any-conversation"),
    path("conversations/<uuid:conversation_id>/end/", ending.end, name="conversation-end"),
    path("deployments/<uuid:deployment_id>/usage/", usage.usage_page, name="usage"),
    path("deployments/<uuid:deployment_id>/replays/", replays.replays, name="replays"),
    path("deployments/<uuid:deployment_id>/replays/<int:replay_id>/", replays.replay, name="replay"),
    path(
        "deployments/<uuid:deployment_id>/replays/<int:replay_id>/cancel/", replays.cancel_replay, name="replay-cancel"
    ),
    path(
        "conversations/<uuid:conversation_id>/turns/<uuid:turn_id>/prompt/",
        views.any_sent,
        name="any-turn-prompt",
    ),
    path("deployments/<uuid:deployment_id>/conversations/", views.conversations, name="conversations"),
    path(
        "deployments/<uuid:deployment_id>/conversations/<uuid:conversation_id>/",
        views.conversation,
        name="conversation",
    ),
    path(
        "deployments/<uuid:deployment_id>/conversations/<uuid:conversation_id>/turns/<uuid:turn_id>/prompt/",
        views.sent_in_turn,
        name="turn-prompt",
    ),
]
