"""What people answer, what they give back, what the clock ends."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from marketplace.audit.models import Event
from marketplace.contracts import services as contracts
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.staffing import tasks
from marketplace.staffing.rosters import duties, errors, services
from marketplace.staffing.rosters.models import Duty, Roster
from marketplace.timesheets import services as timesheets
from marketplace.timesheets.subjects import subject_of, subjects_of
from tests.factories.rosters import MORNING, confirmed_case, make_roster, offer, open_case, send_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    """One lawyer who offered both shifts of a day, and one who offered none."""
    case = open_case(make_roster(lawyers=2, days=1))
    offer(case, case.lawyers[0])
    return case


def test_confirming_is_the_persons_and_happens_once(case):
    duty, _other = send_case(case)
    person, colleague = case.lawyers
    for nearly in (colleague, case.parties.officer, case.parties.bidder):
        with pytest.raises(errors.NotYours):
            duties.confirm_duty(actor=nearly, duty=duty, now=clock.now())
    assert not Duty.objects.filter(state="confirmed").exists()
    for _ in range(2):
        duties.confirm_duty(actor=person, duty=duty, now=clock.now())
    assert Event.objects.filter(action="duty.confirm").count() == 1
    with pytest.raises(IllegalTransition):
        duties.decline_duty(actor=person, duty=duty, reason="改主意了", now=clock.now())


def test_declining_says_why_and_frees_the_place(case):
    duty, _other = send_case(case)
    with pytest.raises(errors.ReasonMissing):
        duties.decline_duty(actor=duty.person, duty=duty, reason="  ", now=clock.now())
    duty.shift.refresh_from_db()
    assert duty.shift.taken == 1
    duties.decline_duty(actor=duty.person, duty=duty, reason="当天开庭", now=clock.now())
    duty.shift.refresh_from_db()
    assert duty.shift.taken == 0
    assert Event.objects.get(action="duty.decline").reason == "当天开庭"


def test_nobody_answers_after_the_time_and_the_clock_ends_it(case, at):
    duty, _other = send_case(case)
    assert duty.respond_by is not None
    at(duty.respond_by + timedelta(seconds=1))
    with pytest.raises(errors.AnswerTooLate):
        duties.confirm_duty(actor=duty.person, duty=duty, now=clock.now())
    assert duties.expire_overdue(now=clock.now()) == 2
    assert duties.expire_overdue(now=clock.now()) == 0
    assert set(Duty.objects.values_list("state", flat=True)) == {"expired"}
    assert set(case.roster.shifts.values_list("taken", flat=True)) == {0}


def test_all_at_once(case):
    send_case(case)
    assert duties.confirm_all(actor=case.lawyers[0], roster=case.roster, now=clock.now()) == 2
    assert duties.confirm_all(actor=case.lawyers[0], roster=None, now=clock.now()) == 0
    assert duties.confirm_all(actor=case.lawyers[1], roster=None, now=clock.now()) == 0


def test_a_second_roster_cannot_take_the_same_hours(case):
    [duty, _other] = send_case(case)
    twin = open_case(make_roster(lawyers=0, days=1, windows=(MORNING,), contract=case.roster.contract))
    # Proposals may overlap as long as neither is confirmed.
    twin.roster.refresh_from_db()
    Duty.objects.filter(pk=duty.pk).update(state="computed", respond_by=None)
    offer(twin, duty.person)
    [rival] = send_case(twin)
    Duty.objects.filter(pk=duty.pk).update(state="proposed", respond_by=clock.now() + timedelta(days=1))
    duties.confirm_duty(actor=duty.person, duty=rival, now=clock.now())
    with pytest.raises(errors.Occupied) as refused:
        duties.confirm_duty(actor=duty.person, duty=duty, now=clock.now())
    assert case.roster.title in str(refused.value)
    duty.refresh_from_db()
    assert duty.state == "proposed"


def test_giving_back_until_the_day_before(case, at):
    duty, other = confirmed_case(case)
    with pytest.raises(errors.NotYours):
        duties.give_back(actor=case.lawyers[1], duty=duty, reason="病了", now=clock.now())
    duties.give_back(actor=duty.person, duty=duty, reason="病了", now=clock.now())
    with pytest.raises(errors.NotConfirmed):
        duties.give_back(actor=duty.person, duty=duty, reason="病了", now=clock.now())
    at(other.shift.starts_at - timedelta(hours=3))
    with pytest.raises(errors.TooLateToGiveBack):
        duties.give_back(actor=other.person, duty=other, reason="病了", now=clock.now())
    other.refresh_from_db()
    assert other.state == "confirmed"


def test_the_officer_takes_a_shift_back_and_the_person_is_told(case, django_capture_on_commit_callbacks):
    duty, _other = confirmed_case(case)
    duty.person.email = "lawyer@example.org"
    duty.person.save()
    with pytest.raises(PermissionRefused):
        duties.withdraw_duty(actor=case.parties.bidder, duty=duty, reason="调整", now=clock.now())
    with django_capture_on_commit_callbacks(execute=True):
        duties.withdraw_duty(actor=case.parties.officer, duty=duty, reason="当日停电", now=clock.now())
    assert "当日停电" in mail.outbox[-1].body
    duty.refresh_from_db()
    assert (duty.state, duty.note) == ("withdrawn", "当日停电")


def test_a_cancelled_roster_lets_everybody_go(case):
    confirmed_case(case)
    with pytest.raises(errors.ReasonMissing):
        services.cancel_roster(actor=case.parties.officer, roster=case.roster, reason="", now=clock.now())
    with pytest.raises(PermissionRefused):
        services.cancel_roster(actor=case.parties.approver, roster=case.roster, reason="停电", now=clock.now())
    services.cancel_roster(actor=case.parties.officer, roster=case.roster, reason="停电", now=clock.now())
    assert set(Duty.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert set(case.roster.shifts.values_list("taken", flat=True)) == {0}


@pytest.mark.parametrize("news", [True, False])
def test_a_contract_that_ends_takes_its_roster_with_it(case, news, client_for, django_capture_on_commit_callbacks):
    """At once, by the news; were that lost, the sweep does it. Whoever had a shift is told why, in both languages."""
    duty, _other = confirmed_case(case)
    duty.person.email = "lawyer@example.org"
    duty.person.save()
    with django_capture_on_commit_callbacks(execute=news):
        contracts.terminate_contract(
            actor=case.parties.approver, contract=case.roster.contract, reason="供应商违约", now=clock.now()
        )
    assert Roster.objects.filter(state="cancelled").exists() == news
    tasks.sweep_rosters()
    case.roster.refresh_from_db()
    assert case.roster.state == "cancelled"
    assert set(Duty.objects.values_list("state", flat=True)) == {"withdrawn"}
    page = reverse("staffing:roster", args=[case.roster.pk])
    for language, words in (("en", "The contract has ended."), ("zh-hans", "合同已终止。")):
        reader = client_for(duty.person, language=language)
        assert words in client_for(case.parties.officer, language=language).get(page).content.decode()
        assert words in reader.get(reverse("staffing:duties")).content.decode()
    if news:
        assert "The contract has ended." in mail.outbox[-1].body
        assert "合同已终止。" in mail.outbox[-1].body


def test_a_confirmed_shift_is_where_the_lawyer_checks_in(case, at):
    duty, _other = confirmed_case(case)
    lawyer, idle = case.lawyers
    assert subjects_of(lawyer, clock.now()) == []
    at(duty.shift.starts_at - timedelta(minutes=30))
    found = subject_of(lawyer, "contracts.post", duty.post_id, clock.now())
    assert (found.capacity, found.session_kinds, found.host) == ("contract", ("duty",), case.parties.buyer)
    assert subject_of(idle, "contracts.post", duty.post_id, clock.now()) is None
    assert len(subjects_of(lawyer, clock.now())) == 1
    session = timesheets.check_in(
        actor=lawyer, capacity=found.capacity, kind="duty", region=found.region, host=found.host,
        subject_kind=found.kind, subject_id=found.id,
    )  # fmt: skip
    assert session.state == "open"


def test_a_volunteers_hours_are_not_the_contracts(at):
    from datetime import time

    case = open_case(make_roster(lawyers=0, volunteers=1, days=1, windows=(services.Window(time(9), time(12), 0, 1),)))
    offer(case, case.volunteers[0])
    [duty] = confirmed_case(case)
    at(duty.shift.starts_at)
    [subject] = subjects_of(case.volunteers[0], clock.now())
    assert (subject.kind, subject.id, subject.capacity) == ("staffing.duty", duty.pk, "volunteer")


def test_whoever_may_not_serve_any_more_is_taken_off_coming_shifts_and_told(case, django_capture_on_commit_callbacks):
    duty, _other = confirmed_case(case)
    duty.person.email = "lawyer@example.org"
    duty.person.save()
    assert duties.follow_people(now=clock.now()) == 0
    duty.person.credentials.update(state="revoked")
    wrong = (case.roster.pk + 1) % 60
    assert duties.follow_people(now=clock.now(), minute=wrong) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert duties.follow_people(now=clock.now(), minute=case.roster.pk % 60) == 2
    assert "licence, membership or profile" in mail.outbox[-1].body
    assert set(Duty.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert set(case.roster.shifts.values_list("taken", flat=True)) == {0}
