from django.urls import path

from operators.oversight import charter, notices, views

urlpatterns = [
    path("oversight/", views.oversight, name="oversight"),
    path("oversight/history/", views.whole_history, name="oversight-history"),
    path("oversight/pauses/new/", views.pause, name="pause-place"),
    path("oversight/pauses/<uuid:pause_id>/lift/", views.lift_pause, name="pause-lift"),
    path("oversight/reviews/new/", views.review, name="review-force"),
    path("oversight/reviews/<uuid:review_id>/end/", views.release_review, name="review-release"),
    path("oversight/charter/", charter.candidates, name="charter-candidates"),
    path("oversight/charter/<str:number>/propose/", charter.propose, name="charter-propose"),
    path("oversight/proposals/<uuid:proposal_id>/", charter.proposal, name="charter-proposal"),
    path("oversight/proposals/<uuid:proposal_id>/approve/", charter.approve, name="charter-approve"),
    path("oversight/proposals/<uuid:proposal_id>/reject/", charter.reject, name="charter-reject"),
    path("operators/<uuid:operator_id>/oversight/", notices.of_operator, name="operator-oversight"),
]
