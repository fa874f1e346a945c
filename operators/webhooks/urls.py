from django.urls import path

from operators.webhooks import views

urlpatterns = [
    path("", views.webhooks, name="webhooks"),
    path("new/<uuid:operator_id>/", views.new, name="webhook-new"),
    path("<uuid:webhook_id>/", views.webhook, name="webhook"),
    path("<uuid:webhook_id>/change/", views.change, name="webhook-change"),
    path("<uuid:webhook_id>/deliveries/<int:delivery_id>/", views.delivery, name="webhook-delivery"),
    path("<uuid:webhook_id>/deliveries/<int:delivery_id>/replay/", views.replay_one, name="webhook-replay"),
    path("<uuid:webhook_id>/replay/", views.replay_since, name="webhook-replay-failed"),
    path("<uuid:webhook_id>/test/", views.test, name="webhook-test"),
    path("<uuid:webhook_id>/rotate/", views.rotate, name="webhook-rotate"),
    path("<uuid:webhook_id>/switch/", views.switch, name="webhook-switch"),
    path("<uuid:webhook_id>/remove/", views.remove_one, name="webhook-remove"),
]
