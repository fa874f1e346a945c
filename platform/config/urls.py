"""Pages. The API has its own list in config/api_urls.py."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# The admin has no sign-in of its own: it would know neither second factors nor rate limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("operators.accounts.urls")),
    path("", include("operators.members.urls")),
    path("", include("operators.trail.urls")),
    path("", include("operators.urls")),
    path("", include("conversations.pages.urls")),
    path("", include("conversations.playground.urls")),
    path("webhooks/", include("operators.webhooks.urls")),
    path("", include("audit.cases.urls")),
    path("reviews/", include("audit.reviews.urls")),
    path("", include("audit.wellbeing.urls")),
    path("", include("audit.reports.urls")),
    path("admin/", admin.site.urls),
]
