"""Pages. The API has its own list in config/api_urls.py."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("operators.urls")),
    path("", include("conversations.pages.urls")),
    path("webhooks/", include("operators.webhooks.urls")),
    path("cases/", include("audit.cases.urls")),
    path("admin/", admin.site.urls),
]
