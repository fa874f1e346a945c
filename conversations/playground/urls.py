from django.urls import path

from conversations.playground import first, views

urlpatterns = [
    path("deployments/<uuid:deployment_id>/playground/", views.playground, name="playground"),
    path("deployments/<uuid:deployment_id>/playground/ask/", views.ask, name="playground-ask"),
    path("deployments/<uuid:deployment_id>/try/", first.first_try, name="first-try"),
    path("deployments/<uuid:deployment_id>/first-call/", first.first_call, name="first-call"),
]
