"""The report as a page and as a PDF: the same numbers, for stewards, and the log says who took it along."""

import base64
import re
import zlib
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from audit.log.models import Entry
from audit.reports import figures as counting
from audit.reports.figures import figures
from audit.reports.report import report
from operators.models import Deployment
from tests.audit.reports.month_help import MONTH, a_month
from tests.operators.accounts_help import account, steward


@pytest.fixture
def app(db, new_key) -> Deployment:
    made, _ = new_key()
    Deployment.objects.update(created_at=MONTH.start - timedelta(days=40))
    a_month(made)
    return made


def text_of(pdf: bytes) -> str:
    """What can be selected in it: the strings that its pages show."""
    shown = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            page = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>")))
        except (ValueError, zlib.error):
            continue
        shown += re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", page)
    plain = re.sub(rb"\\(\d{3})", lambda one: bytes([int(one[1], 8)]), b" ".join(shown)).decode("cp1252")
    return re.sub(r"\s+", " ", re.sub(r"\\([()\\])", r"\1", plain))


def test_page_and_pdf_show_the_same(app):
    client = steward()[1]
    page = client.get("/oversight/report/?month=2026-03").content.decode()
    answer = client.get("/oversight/report/2026-03.pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    pdf = text_of(answer.content)
    made = report(figures(MONTH))
    assert len(made.sections) == 7
    cells = set(re.findall(r'<(?:th scope="row"|td)>(.*?)</t[hd]>', page))
    for section in made.sections:
        assert f'<h2 id="{section.slug}">' in page
        assert section.title in pdf
        for table in section.tables:
            assert table.rows
            for row in table.rows:
                assert " ".join(row) in pdf, row
            assert {escape(cell) for row in table.rows for cell in row} <= cells
    assert "Page 1" in pdf
    assert "Page 2" in pdf
    assert b"/Title" in answer.content
    assert page.count('<svg class="plot"') == sum(len(section.plots) for section in made.sections) >= 7


def test_taking_the_pdf_is_an_entry_and_reading_is_none(app):
    person, client = steward()
    before = Entry.objects.filter(name="export.made").count()
    client.get("/oversight/report/?month=2026-03")
    assert Entry.objects.filter(name="export.made").count() == before
    client.get("/oversight/report/2026-03.pdf")
    entry = Entry.objects.filter(name="export.made").latest("at")
    assert (entry.actor_id, entry.subject_id) == (str(person.pk), "2026-03")
    assert entry.detail == {"what": "oversight report", "month": "2026-03"}


def test_what_was_sampled_and_what_is_not_reviewed_is_said(app):
    page = steward()[1].get("/oversight/report/?month=2026-03").content.decode()
    assert "turns a judge read 3 and the screens alone looked at 2; not reviewed yet: 1." in page
    assert "1 of 2 (50.0%) were over-cautious" in page
    assert "1 turn that members tried in the playground" in page


def test_a_month_without_anything_says_so(app):
    client = steward()[1]
    page = client.get("/oversight/report/?month=2026-01").content.decode()
    assert "Nothing happened: no turn, no case, no appeal." in page
    assert '<svg class="plot"' not in page
    assert "Nothing happened" in text_of(client.get("/oversight/report/2026-01.pdf").content)


def test_the_month_that_runs_is_told_as_such(app):
    now = timezone.now()
    page = steward()[1].get(f"/oversight/report/?month={now:%Y-%m}").content.decode()
    assert "The month is not over" in page


def test_the_last_month_that_is_over_comes_first_and_all_can_be_chosen(app):
    answer = steward()[1].get("/oversight/report/")
    months = [value for value, _ in answer.context["months"]]
    assert months[0] == f"{timezone.now():%Y-%m}"
    assert months[-1] == "2026-01"
    assert str(answer.context["month"]) == months[1]


def test_what_is_no_month_or_to_come_is_not_found(app):
    client = steward()[1]
    for month in ("2999-01", "2026-13", "x", "%00", "2026-3"):
        assert client.get(f"/oversight/report/?month={month}").status_code == 404, month
        assert client.get(f"/oversight/report/{month}.pdf").status_code == 404, month


def test_a_month_that_takes_too_long_is_refused_with_a_word(app, monkeypatch):
    monkeypatch.setattr(counting, "_LEVELS", "SELECT pg_sleep(5), %(bounds)s, %(allowed)s, %(start)s, %(end)s")
    monkeypatch.setattr(counting, "PATIENCE_SECONDS", 0.2)
    client = steward()[1]
    answer = client.get("/oversight/report/?month=2026-03")
    assert answer.status_code == 503
    assert "more than can be counted" in answer.content.decode()
    assert client.get("/oversight/report/2026-03.pdf").status_code == 503
    assert not Entry.objects.filter(name="export.made").exists()


def test_reviewers_and_members_do_not_see_it(app):
    client = Client()
    client.force_login(account("r@example.com", is_reviewer=True))
    assert client.get("/oversight/report/").status_code == 403
    assert client.get("/oversight/report/2026-03.pdf").status_code == 403
