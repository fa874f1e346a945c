from django.urls import path

from operators.trail import views

urlpatterns = [
    path("audit-trail/", views.start, name="trail-start"),
    path("operators/<uuid:operator_id>/audit-trail/", views.trail, name="trail"),
    path("operators/<uuid:operator_id>/audit-trail/export/", views.trail_export, name="trail-export"),
    path("operators/<uuid:operator_id>/audit-trail/<uuid:entry_id>/", views.trail_entry, name="trail-entry"),
    path(
        "operators/<uuid:operator_id>/audit-trail/<uuid:entry_id>/receipt.json",
        views.trail_receipt,
        name="trail-receipt",
    ),
    path("log/", views.log, name="log"),
    path("log/export/", views.log_export, name="log-export"),
    path("log/<uuid:entry_id>/", views.log_entry, name="log-entry"),
    path("log/<uuid:entry_id>/receipt.json", views.log_receipt, name="log-receipt"),
]
