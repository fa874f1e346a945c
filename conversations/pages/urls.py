from django.urls import path, re_path

from conversations.pages import ending, erasures, exports, listing, reference, replays, usage, views

urlpatterns = [
    re_path(r"^docs/?\Z", reference.reference, name="reference"),
    path("conversations/", listing.all_conversations, name="all-conversations"),
    path("conversations/<uuid:conversation_id>/", views.any_conversation, name="any-conversation"),
    path("conversations/<uuid:conversation_id>/end/", ending.end, name="conversation-end"),
    path("turns/<uuid:turn_id>/", views.any_turn, name="any-turn"),
    path("deployments/<uuid:deployment_id>/turns/<uuid:turn_id>/", views.turn, name="turn"),
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
    path(
        "deployments/<uuid:deployment_id>/conversations/export/",
        exports.export_conversations,
        name="conversations-export",
    ),
    path("deployments/<uuid:deployment_id>/users/erase/", erasures.erase_user, name="user-erase"),
    path("deployments/<uuid:deployment_id>/erasures/<uuid:erasure_id>/", erasures.erasure, name="user-erasure"),
    path("deployments/<uuid:deployment_id>/conversations/", listing.conversations, name="conversations"),
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
