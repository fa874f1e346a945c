"""Accounts: allauth's own pages under our addresses."""

from allauth.account import urls as account_urls
from allauth.account import views
from django.urls import include, path

from operators.accounts import mail, sessions

OURS = {"account_login", "account_logout", "account_signup"}

urlpatterns = [
    # Twice, for allauth knows them by names of its own.
    path("sign-in/", views.login, name="sign-in"),
    path("sign-in/", views.login, name="account_login"),
    path("sign-out/", views.logout, name="sign-out"),
    path("sign-out/", views.logout, name="account_logout"),
    path("sign-up/", views.signup, name="account_signup"),
    path("account/", include([one for one in account_urls.urlpatterns if one.name not in OURS])),
    path("account/second-factor/", include("allauth.mfa.urls")),
    path("account/sessions/", include("allauth.usersessions.urls")),
    path("account/sessions/<int:session_id>/end/", sessions.end, name="session-end"),
    path("mail/", mail.mails, name="mail"),
    path("mail/<str:name>/", mail.mail, name="mail-one"),
]
