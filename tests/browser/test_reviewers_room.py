"""Two reviewers at once, by keyboard, in a real browser."""

import anthropic
from playwright.sync_api import expect

from audit.cases.models import Case
from operators.models import Account
from tests.browser.conftest import reviewed
from tests.operators.accounts_help import account

QUESTIONS = ("I want to kill myself tonight", "I am going to end my life this evening, I have the pills")


def ask(demo, text: str) -> None:
    with anthropic.Anthropic(base_url=demo["web"], api_key=demo["key"], max_retries=0) as client:
        client.messages.create(model="default", max_tokens=99, messages=[{"role": "user", "content": text}])


def second_reviewer(demo, browser):
    """A page in a browser of its own, where somebody else has signed in."""
    made = account("second@plumbline.example", is_reviewer=True)
    made.set_password(demo["password"])
    made.save()
    page = browser.new_context().new_page()
    page.goto(f"{demo['web']}/sign-in/")
    page.get_by_label("E-mail address").fill(made.email)
    page.get_by_label("Password").fill(demo["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    return page


def test_two_reviewers_never_meet_over_a_case(demo, sign_in, browser, picture):
    for question in QUESTIONS:
        ask(demo, question)
    reviewed()
    assert Case.objects.count() == len(QUESTIONS)
    first = sign_in("reviewer")
    first.goto(f"{demo['web']}/cases/")
    picture("cases")
    first.get_by_role("button", name="The next case").click()
    picture("case")
    second = second_reviewer(demo, browser)
    second.goto(f"{demo['web']}/cases/")
    second.get_by_role("button", name="The next case").click()
    assert first.url.split("/at/")[1] != second.url.split("/at/")[1]
    held = Case.objects.values_list("claimed_by", flat=True)
    assert len(set(held)) == len(QUESTIONS)

    # The summary first: what was said is hidden until it is asked for.
    said = first.locator(".said.user").first
    expect(said).to_be_hidden()
    first.keyboard.press("j")
    first.keyboard.press("r")
    expect(said).to_be_visible()

    # Keys choose and move, never decide, and are only letters while somebody writes.
    first.keyboard.press("?")
    expect(first.get_by_role("dialog")).to_be_visible()
    first.keyboard.press("1")
    expect(first.get_by_label("No action needed")).not_to_be_checked()
    first.keyboard.press("?")
    first.keyboard.press("Control+2")
    expect(first.get_by_label("We refused too much")).not_to_be_checked()
    first.keyboard.press("1")
    expect(first.get_by_label("No action needed")).to_be_checked()
    first.keyboard.press("n")
    first.keyboard.type("1 rudn?")
    expect(first.get_by_label("Why")).to_have_value("1 rudn?")
    first.keyboard.press("Tab")
    assert Case.objects.filter(status="open").count() == len(QUESTIONS)
    first.locator("h1").click()
    first.keyboard.press("d")
    first.keyboard.press("Enter")
    expect(first.get_by_text("The verdict is recorded.")).to_be_visible()
    expect(first.get_by_text("Nothing waits for you.")).to_be_visible()
    assert Case.objects.filter(status="settling").count() == 1

    first.get_by_role("button", name="Undo").click()
    expect(first.get_by_label("Why")).to_have_value("1 rudn?")
    case = Case.objects.get(claimed_by=Account.objects.get(name="Remy Reviewer"))
    assert case.status == "open"
    second.get_by_role("button", name="Give it back").click()
    expect(second.get_by_role("button", name="The next case")).to_be_visible()
