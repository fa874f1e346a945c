"""What `make audit` says of pip-audit's answer: a vulnerability fails, and what was not looked up is told."""

from tests.dependency_audit import LOCKS, ROOT, Report, _pins

FINE = {"name": "django", "version": "5.2.19", "vulns": []}
WORSE = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "odd", "skip_reason": "the service cannot be reached"}


def reported(*dependencies: dict) -> Report:
    report = Report()
    report.take(dependencies)
    return report


def test_a_vulnerability_fails_and_is_named_with_its_cure():
    report = reported(FINE, WORSE)
    assert report.code(strict=False) == 1
    assert report.lines() == ["VULNERABLE old 1.0: PYSEC-1, fixed in 1.1"]


def test_what_was_not_audited_is_never_told_as_clean():
    report = reported(FINE, UNKNOWN)
    assert (report.code(strict=False), report.code(strict=True)) == (0, 2)
    assert report.lines()[0] == ("NOT AUDITED: 1 of 2 packages, for instance because: the service cannot be reached")
    assert report.lines()[1] == "No known vulnerability in the 1 packages that were audited."


def test_all_clean():
    report = reported(FINE)
    assert report.code(strict=True) == 0


def test_every_lock_is_audited_but_the_weights():
    there = {path.stem for path in (ROOT / "requirements").glob("*.txt")}
    assert there - set(LOCKS) == {"model"}
    assert len(_pins(ROOT / "requirements" / "run.txt")) > 50
