from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "audit.reviews"
    label = "audit_reviews"
