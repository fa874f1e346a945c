from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from operators.views import charter, deployments, home, keys, oversight, prompt

urlpatterns = [
    path("", home.home, name="home"),
    path("charter/", charter.charter, name="charter"),
    path("charter/versions/", charter.all_versions, name="charter-versions"),
    path("charter/versions/<str:number>/", charter.one_version, name="charter-version"),
    path("charter/compare/", charter.choose, name="charter-choose"),
    path("charter/compare/<str:old>/<str:new>/", charter.compare, name="charter-compare"),
    path("charter/<str:number>.toml", charter.as_toml, name="charter-toml"),
    path("charter/<str:number>.json", charter.as_json, name="charter-json"),
    path("sign-in/", LoginView.as_view(redirect_authenticated_user=True), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("oversight/", oversight.oversight, name="oversight"),
    path("oversight/pauses/<uuid:pause_id>/lift/", oversight.lift_pause, name="pause-lift"),
    path("deployments/", deployments.deployments, name="deployments"),
    path("deployments/<uuid:deployment_id>/", deployments.deployment, name="deployment"),
    path("deployments/<uuid:deployment_id>/scope/", deployments.scope, name="deployment-scope"),
    path("deployments/<uuid:deployment_id>/behaviours/", deployments.behaviours, name="deployment-behaviours"),
    path("deployments/<uuid:deployment_id>/prompt/", prompt.prompt, name="deployment-prompt"),
    path("deployments/<uuid:deployment_id>/versions/", deployments.versions, name="deployment-versions"),
    path("deployments/<uuid:deployment_id>/publish/", deployments.publish_draft, name="deployment-publish"),
    path(
        "deployments/<uuid:deployment_id>/versions/<int:number>/roll-back/",
        deployments.roll_back_to,
        name="deployment-roll-back",
    ),
    path("deployments/<uuid:deployment_id>/keys/", keys.keys, name="deployment-keys"),
    path("deployments/<uuid:deployment_id>/keys/<uuid:key_id>/revoke/", keys.revoke, name="key-revoke"),
]
