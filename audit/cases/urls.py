from django.urls import path

from audit.cases.views import assessing, looking, operators, room

urlpatterns = [
    path("cases/", room.room, name="cases"),
    path("cases/next/", room.next_case, name="case-next"),
    path("cases/many/", room.many, name="cases-many"),
    path("cases/filters/", room.save_filter, name="case-filter-save"),
    path("cases/filters/<int:filter_id>/forget/", room.forget_filter, name="case-filter-forget"),
    path("cases/preferences/", looking.preferences, name="case-preferences"),
    path("cases/quality/", looking.quality, name="case-quality"),
    path("cases/reviewers/", looking.reviewers, name="case-reviewers"),
    path("cases/reviewers/<uuid:account_id>/", looking.set_queues, name="case-reviewer-queues"),
    path("cases/at/<uuid:assessment_id>/", assessing.assessment, name="assessment"),
    path("cases/at/<uuid:assessment_id>/heartbeat/", assessing.heartbeat, name="assessment-heartbeat"),
    path("cases/at/<uuid:assessment_id>/release/", assessing.release, name="assessment-release"),
    path("cases/at/<uuid:assessment_id>/undo/", assessing.take_back, name="assessment-undo"),
    path("cases/<uuid:case_id>/", looking.case, name="case"),
    path("cases/<uuid:case_id>/claim/", room.claim_case, name="case-claim"),
    path("cases/<uuid:case_id>/golden/", looking.make_golden, name="case-golden"),
    path("deployments/<uuid:deployment_id>/reviews/", operators.reviews, name="deployment-reviews"),
    path("deployments/<uuid:deployment_id>/reviews/<uuid:case_id>/appeal/", operators.appeal, name="case-appeal"),
]
