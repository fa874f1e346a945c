from django.urls import path

from operators.members import joining, views

urlpatterns = [
    path("members/", views.start, name="members-start"),
    path("operators/<uuid:operator_id>/members/", views.members, name="members"),
    path("operators/<uuid:operator_id>/members/<int:member_id>/role/", views.role, name="member-role"),
    path("operators/<uuid:operator_id>/members/<int:member_id>/remove/", views.remove_member, name="member-remove"),
    path(
        "operators/<uuid:operator_id>/invitations/<uuid:invitation_id>/resend/",
        views.resend,
        name="invitation-resend",
    ),
    path(
        "operators/<uuid:operator_id>/invitations/<uuid:invitation_id>/withdraw/",
        views.withdraw_invitation,
        name="invitation-withdraw",
    ),
    path("invitations/<str:given>/", joining.invitation, name="invitation"),
]
