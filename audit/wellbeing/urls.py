from django.urls import path

from audit.wellbeing import views

urlpatterns = [
    path("deployments/<uuid:deployment_id>/wellbeing/", views.of_own, name="deployment-wellbeing"),
    path("wellbeing/<uuid:deployment_id>/", views.of_any, name="any-wellbeing"),
]
