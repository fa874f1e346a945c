from django.urls import path

from audit.reports import views

urlpatterns = [
    path("oversight/report/", views.oversight_report, name="oversight-report"),
    path("oversight/report/<str:month>.pdf", views.oversight_report_pdf, name="oversight-report-pdf"),
]
