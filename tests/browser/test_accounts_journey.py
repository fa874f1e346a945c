"""From a stranger to a member: signing up, confirming, resetting, second factors, passkeys, members."""

import re

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from operators.models import Membership, Operator
from tests.browser.test_accessibility import grave_findings
from tests.support.validity import faults

PASSWORD = "a long and rare one"
SIZES = {"phone": 360, "desk": 1280}


@pytest.fixture
def site(web: str) -> str:
    """By name: browsers make no passkeys for a bare address."""
    return web.replace("127.0.0.1", "localhost")


@pytest.fixture
def ada(site: str, page: Page) -> Page:
    """Somebody who signed up, confirmed and is in."""
    sign_up(page, site)
    page.get_by_role("link", name="read it here").click()
    follow_mail(page, "Confirm your address")
    page.get_by_role("button", name="Confirm").click()
    expect(page).to_have_url(f"{site}/deployments/")
    return page


def sign_up(page: Page, site: str, email: str = "ada@acme.example") -> None:
    page.goto(f"{site}/sign-in/")
    page.get_by_role("link", name="Sign up your organisation").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Organisation").fill("Acme")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Look at your mail")).to_be_visible()


def follow_mail(page: Page, subject: str) -> None:
    """Opens the newest mail of that subject and the first link in it."""
    page.get_by_role("link", name=subject).first.click()
    page.locator("main .card a").first.click()


def enter(page: Page, site: str, email: str = "ada@acme.example", password: str = PASSWORD) -> None:
    page.goto(f"{site}/sign-in/")
    fill_sign_in(page, email, password)


def fill_sign_in(page: Page, email: str = "ada@acme.example", password: str = PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def leave(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def confirm_access(page: Page, address: str) -> None:
    """Opens a page that asks for the password once more, and gives it."""
    page.goto(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page).to_have_url(address)
    page.wait_for_load_state()  # a passkey's button serves once its script is there


def answer(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign In").click()


def code_for(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_sign_up_mail_confirmation_deployments(ada: Page, picture):
    expect(ada.get_by_text("No deployment yet")).to_be_visible()
    assert Operator.objects.get().name == "Acme"
    picture("first-page")


def test_a_forgotten_password_is_set_anew(ada: Page, site: str):
    leave(ada)
    ada.get_by_role("link", name="Forgot your password?").click()
    ada.get_by_label("E-mail address").fill("ada@acme.example")
    ada.get_by_role("button", name="Send the link").click()
    ada.get_by_role("link", name="read it here").click()
    follow_mail(ada, "Your new password")
    ada.get_by_label("New password", exact=True).fill("quite another one")
    ada.get_by_label("New password again").fill("quite another one")
    ada.get_by_role("button", name="Set the password").click()
    expect(ada.get_by_text("The new password is set")).to_be_visible()
    enter(ada, site, password="quite another one")
    expect(ada).to_have_url(f"{site}/deployments/")


def test_codes_from_an_app_are_asked_for_and_a_recovery_code_serves_once(ada: Page, site: str):
    ada.goto(f"{site}/account/second-factor/")
    expect(ada.get_by_role("link", name="Set up an authenticator app")).to_be_visible()
    confirm_access(ada, f"{site}/account/second-factor/totp/activate/")
    secret = ada.get_by_label("Authenticator secret").input_value()
    ada.get_by_label("Authenticator code").fill(code_for(secret))
    ada.get_by_role("button", name="Activate").click()
    ada.goto(f"{site}/account/second-factor/recovery-codes/")
    recovery = ada.get_by_label("Unused codes").input_value().split()[0]
    leave(ada)
    enter(ada, site)
    answer(ada, "000000")
    expect(ada.get_by_text("Incorrect code")).to_be_visible()
    answer(ada, recovery)
    expect(ada).to_have_url(f"{site}/deployments/")
    leave(ada)
    enter(ada, site)
    answer(ada, recovery)
    expect(ada.get_by_text("Incorrect code")).to_be_visible()


def test_a_passkey_signs_in_without_a_password(ada: Page, site: str):
    device = ada.context.new_cdp_session(ada)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    confirm_access(ada, f"{site}/account/second-factor/webauthn/add/")
    ada.get_by_label("Name").fill("My laptop")
    expect(ada.get_by_label("Sign in with it alone")).to_be_checked()
    ada.get_by_role("button", name="Make it").click()
    expect(ada.get_by_role("heading", name="Recovery Codes")).to_be_visible()
    ada.goto(f"{site}/account/second-factor/webauthn/")
    expect(ada.get_by_text("My laptop").first).to_be_visible()
    leave(ada)
    ada.get_by_role("button", name="Use a passkey").click()
    expect(ada).to_have_url(f"{site}/deployments/")


def test_what_was_typed_outlives_the_session(ada: Page, site: str):
    ada.get_by_role("link", name="Make your first deployment").click()
    ada.get_by_label("What is it called?").fill("Homework helper")
    ada.get_by_text("Blank", exact=True).click()
    ada.get_by_role("button", name="Make it").click()
    ada.get_by_label("What is this deployment for?").fill("Helps with homework, patiently.")
    ada.get_by_label("Turn everything else away").check()
    page = ada.url
    Session.objects.all().delete()
    ada.get_by_role("button", name="Save").first.click()
    fill_sign_in(ada)
    expect(ada).to_have_url(page)
    expect(ada.get_by_text("this is what you had typed")).to_be_visible()
    expect(ada.get_by_label("What is this deployment for?")).to_have_value("Helps with homework, patiently.")
    expect(ada.get_by_label("Turn everything else away")).to_be_checked()
    ada.reload()
    expect(ada.get_by_label("What is this deployment for?")).to_have_value("")


def test_a_passkey_that_is_not_there_is_said_so(site: str, page: Page):
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{site}/sign-in/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("The passkey was not used")).to_be_visible()


def test_an_invited_person_joins_changes_role_and_is_removed(ada: Page, site: str, new_context, picture):
    ada.get_by_role("link", name="Members").click()
    ada.get_by_label("E-mail address").fill("bob@acme.example")
    ada.get_by_label("Role", exact=True).select_option("developer")
    ada.get_by_role("button", name="Invite").click()
    expect(ada.get_by_text("bob@acme.example").first).to_be_visible()
    bob = new_context().new_page()
    bob.goto(f"{site}/mail/")
    follow_mail(bob, "Join Acme")
    bob.get_by_role("link", name="Sign up to join").click()
    bob.get_by_label("Your name").fill("Bob")
    bob.get_by_label("Password").fill(PASSWORD)
    bob.get_by_role("button", name="Sign up").click()
    expect(bob).to_have_url(f"{site}/deployments/")
    expect(bob.get_by_role("link", name="Make your first deployment")).to_be_visible()
    ada.get_by_label("E-mail address").fill("carol@acme.example")
    ada.get_by_role("button", name="Invite").click()
    expect(ada.get_by_text("carol@acme.example").first).to_be_visible()
    picture("members-and-invitations")
    ada.get_by_label("Role of Bob", exact=True).select_option("analyst")
    ada.get_by_role("button", name="Change the role of Bob").click()
    assert Membership.objects.get(account__name="Bob").role == "analyst"
    bob.reload()
    expect(bob.get_by_role("link", name="Make your first deployment")).to_have_count(0)
    ada.get_by_text("Remove Bob").first.click()
    ada.get_by_role("button", name="Remove Bob").click()
    expect(ada.get_by_text("Bob is removed")).to_be_visible()
    assert bob.goto(ada.url).status == 404  # type: ignore[union-attr]


PAGES = [
    "account/reauthenticate/",
    "account/email/",
    "account/password/change/",
    "account/second-factor/",
    "account/second-factor/totp/activate/",
]
PAGES += ["account/second-factor/webauthn/", "account/second-factor/webauthn/add/", "account/sessions/", "members/"]
ENTRANCES = [
    "sign-in/",
    "sign-up/",
    "account/password/reset/",
    "account/password/reset/done/",
    "account/confirm-email/",
]
ENTRANCES += ["mail/", "account/password/reset/key/x-y/", "account/confirm-email/x/", "invitations/x/"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_valid_accessible_and_fit(ada: Page, site: str, scheme: str, picture):
    ada.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    confirm_access(ada, f"{site}/account/second-factor/webauthn/add/")
    found: list[str] = []
    paths = [("in", path) for path in PAGES] + [("out", path) for path in ENTRANCES]
    for where, path in paths:
        if where == "out":
            ada.context.clear_cookies()
        for width in SIZES.values():
            ada.set_viewport_size({"width": width, "height": 850})
            response = ada.goto(f"{site}/{path}")
            found += [f"{path}: {fault}" for fault in faults(ada, response)]
            if ada.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{path}: runs over at {width} px")
        found += grave_findings(ada, path)
        if scheme == "light":
            picture(re.sub(r"\W+", "-", path).strip("-"))
    assert found == []
