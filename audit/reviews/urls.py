from django.urls import path

from audit.reviews import views

urlpatterns = [
    path("", views.reviews, name="reviews"),
    path("retry/", views.retry, name="reviews-retry"),
    path("share/", views.share, name="reviews-share"),
    path("metrics/", views.metrics, name="reviews-metrics"),
]
