from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from operators.views import charter, deployments, home, keys, limits, oversight

urlpatterns = [
    path("", home.home, name="home"),
    path("charter/", charter.charter, name="charter"),
    path("sign-in/", LoginView.as_view(redirect_authenticated_user=True), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("oversight/", oversight.oversight, name="oversight"),
    path("oversight/pauses/<uuid:pause_id>/lift/", oversight.lift_pause, name="pause-lift"),
    path("deployments/", deployments.deployments, name="deployments"),
    path("deployments/<uuid:deployment_id>/", deployments.deployment, name="deployment"),
    path("deployments/<uuid:deployment_id>/scope/", deployments.scope, name="deployment-scope"),
    path("deployments/<uuid:deployment_id>/behaviours/", deployments.behaviours, name="deployment-behaviours"),
    path("deployments/<uuid:deployment_id>/versions/", deployments.versions, name="deployment-versions"),
    path("deployments/<uuid:deployment_id>/publish/", deployments.publish_draft, name="deployment-publish"),
    path(
        "deployments/<uuid:deployment_id>/versions/<int:number>/roll-back/",
        deployments.roll_back_to,
        name="deployment-roll-back",
    ),
    path("deployments/<uuid:deployment_id>/keys/", keys.keys, name="deployment-keys"),
    path("deployments/<uuid:deployment_id>/keys/<uuid:key_id>/revoke/", keys.revoke, name="key-revoke"),
    path("deployments/<uuid:deployment_id>/limits/", limits.limits, name="deployment-limits"),
    path("deployments/<uuid:deployment_id>/keys/<uuid:key_id>/limits/", limits.key_limits, name="key-limits"),
]
