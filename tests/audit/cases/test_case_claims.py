"""Each case is one person's at a time, in the order that matters, and comes back when nobody works on it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from audit.cases.claiming import NotYoursError, claim, claim_next, heartbeat, release
from audit.cases.exposure import profile_of
from audit.cases.models import Assessment, Case
from audit.cases.verdicts import Given, submit
from tests.audit.cases.cases_help import case, decide, deployment, reviewer


def next_of(who) -> Case | None:
    assessment = claim_next(who)
    if assessment is None:
        return None
    release(assessment, by=who)
    Case.objects.filter(pk=assessment.case_id).update(status="closed")
    return assessment.case


def test_the_order_is_mandatory_then_severity_then_due_then_age(db):
    now = timezone.now()
    later, sooner = now + timedelta(hours=2), now + timedelta(hours=1)
    old = case(0.8, due_at=sooner, opened_at=now - timedelta(hours=1))
    young = case(0.8, due_at=sooner, opened_at=now)
    lazy = case(0.8, due_at=later)
    grave = case(0.95, due_at=later)
    must = case(0.75, mandatory=True, due_at=later)
    who = reviewer()
    assert [next_of(who) for _ in range(6)] == [must, grave, old, young, lazy, None]


@pytest.mark.django_db(transaction=True)
def test_never_the_same_case_to_two_people(settings):
    settings.CASE_GOLDEN_EVERY = 0
    shared = deployment()
    cases = [case(of=shared) for _ in range(6)]
    people = [reviewer() for _ in range(10)]

    def take(who):
        try:
            return claim_next(who)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        taken = [one for one in pool.map(take, people) if one]
    assert len(taken) == len(cases)
    assert {one.case_id for one in taken} == {one.pk for one in cases}


@pytest.mark.django_db(transaction=True)
def test_two_tabs_of_one_person_get_the_same_case():
    case(), case()
    who = reviewer()

    def take(_):
        try:
            return claim_next(who)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len({one.pk for one in pool.map(take, range(4)) if one}) == 1


def test_a_claim_that_ran_out_is_anyones(db):
    one, first, second = case(), reviewer(), reviewer()
    held = claim_next(first)
    assert held
    assert claim_next(second) is None
    Case.objects.filter(pk=one.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    taken = claim_next(second)
    assert taken
    assert taken.case == one
    assert not heartbeat(Assessment.objects.get(pk=held.pk))
    with pytest.raises(NotYoursError):
        submit(held, Given("no_action"))
    assert Case.objects.get().status == "open"


def test_a_claim_that_ran_out_is_still_good_while_nobody_else_took_it(db):
    one, who = case(), reviewer()
    held = claim_next(who)
    Case.objects.filter(pk=one.pk).update(lease_until=timezone.now() - timedelta(hours=3))
    assert submit(held, Given("no_action")).verdict == "no_action"


def test_a_heartbeat_makes_it_last(db):
    one, who = case(), reviewer()
    held = claim_next(who)
    Case.objects.filter(pk=one.pk).update(lease_until=timezone.now() + timedelta(seconds=5))
    assert heartbeat(held)
    assert Case.objects.get().lease_until > timezone.now() + timedelta(minutes=9)


def test_what_is_given_back_is_there_for_all(db):
    first, second = reviewer(), reviewer()
    case()
    held = claim_next(first)
    release(held, by=first)
    release(held, by=first)
    assert claim_next(second)


def test_a_reviewer_gets_cases_of_their_queues_only(db):
    who = reviewer()
    profile = profile_of(who)
    profile.queues = ["people"]
    profile.save()
    harm, people = case(0.99, queue="harm"), case(0.7, queue="people")
    assert claim_next(who).case == people
    with pytest.raises(NotYoursError):
        claim(harm.pk, who)


def test_what_waits_for_a_steward_is_not_given_to_reviewers(db):
    case(stage="steward")
    assert claim_next(reviewer()) is None
    assert claim_next(reviewer(is_steward=True))


def test_the_second_look_is_somebody_elses(db):
    one, first, second = case(0.95), reviewer(), reviewer()
    decide(one, first)
    assert one.stage == "second"
    assert claim_next(first) is None
    assert claim_next(second).case == one


def test_after_much_grave_material_lighter_cases_come_first(db):
    who = reviewer()
    profile = profile_of(who)
    profile.grave_a_day = 1
    profile.save()
    grave, graver, light = case(0.95), case(0.97), case(0.75)
    assert claim_next(who).case == graver
    release(Assessment.objects.get(), by=who)
    assert claim_next(who).case == light
    decide(light, who)
    assert claim_next(who).case in {grave, graver}
