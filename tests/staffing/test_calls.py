"""A call for volunteers ends with the gap that it was made for, and nobody loses a place in silence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from marketplace.audit.models import Event
from marketplace.contracts.services import fill_post
from marketplace.core import clock
from marketplace.staffing import calls, tasks
from tests.factories.staffing import WHERE, Case, make_case, publish_case
from tests.factories.volunteers import make_call, make_volunteer
from volunteers import sign_ups
from volunteers.models import Opportunity, Shift, SignUp
from volunteers.services import NewShift

pytestmark = pytest.mark.django_db


@pytest.fixture
def called() -> tuple[Case, Opportunity, Shift]:
    """Two villages, a lawyer for one at most: the other has a call for one volunteer, in ten days."""
    case = make_case((0.01, 0.02), (0.0, 0.1), capacity=1, max_travel_minutes=15)
    [proposal] = publish_case(case)
    day = timezone.localtime(clock.now() + timedelta(days=10)).replace(hour=9, minute=0)
    [call] = calls.call_volunteers(
        actor=case.parties.officer,
        contract=case.contract,
        shifts=[NewShift(day, day.replace(hour=11), 1)],
        **WHERE,
        now=clock.now(),
    )
    assert call.seeks_adviser_for_post != proposal.post_id
    return case, call, call.shifts.get()


def gap(case: Case, call: Opportunity) -> Any:
    return next(case.post(i) for i in (0, 1) if case.post(i).pk == call.seeks_adviser_for_post)


def fill(case: Case, call: Opportunity) -> None:
    fill_post(post=gap(case, call), adviser=case.lawyers[1], actor=case.parties.bidder, now=clock.now())


def a_full_shift(shift: Shift) -> tuple[SignUp, SignUp]:
    """Who has the place, and who waits."""
    people = [make_volunteer(email=f"v{n}@example.com") for n in range(2)]
    holds, waits = (sign_ups.sign_up(actor=person, shift=shift, now=clock.now()) for person in people)
    assert (holds.state, waits.state) == ("confirmed", "waiting")
    return holds, waits


def test_the_call_closes_places_stay_and_the_queue_is_told(called, django_capture_on_commit_callbacks, client_for):
    case, call, shift = called
    holds, waits = a_full_shift(shift)
    _other, elsewhere = make_call()
    with django_capture_on_commit_callbacks(execute=True) as _ran:
        fill(case, call)
    call.refresh_from_db()
    holds.refresh_from_db()
    waits.refresh_from_db()
    shift.refresh_from_db()
    assert (call.state, holds.state, waits.state, shift.taken) == ("closed", "confirmed", "cancelled", 1)
    assert call.answered_at is not None
    assert waits.ended_at == call.answered_at
    assert Opportunity.objects.get(pk=elsewhere.opportunity_id).state == "open"
    trail = Event.objects.filter(subject_type="volunteers.opportunity", subject_id=str(call.pk))
    event = trail.get(action="opportunity.answer")
    assert (event.actor, event.data["from"], event.data["to"]) == (None, "open", "closed")
    assert Event.objects.filter(action="sign_up.release", subject_id=str(waits.pk)).count() == 1
    letters = {letter.to[0]: letter for letter in mail.outbox}
    assert set(letters) == {holds.volunteer.email, waits.volunteer.email}
    kept, ended = letters[holds.volunteer.email], letters[waits.volunteer.email]
    assert "您的名额保留" in kept.subject
    assert "Your place stays yours" in kept.body
    assert kept.body.endswith("/volunteering/mine/")
    assert "候补名单" in ended.body
    for letter in (kept, ended):
        assert call.region.name in letter.body
        assert call.region.name_en in letter.body

    assert "名额为您保留" in client_for(holds.volunteer).get("/volunteering/mine/").content.decode()
    for person, said in ((holds.volunteer, "名额为您保留"), (waits.volunteer, "候补名单已结束")):
        assert said in client_for(person).get("/workspace/").content.decode()
    assert "候补名单已结束" in client_for(waits.volunteer).get("/volunteering/mine/").content.decode()
    page = client_for(make_volunteer()).get(f"/volunteering/{call.pk}/").content.decode()
    assert "已有法律顾问" in page
    assert "我来参加" not in page


def test_the_place_that_was_kept_can_still_be_given_up(called, django_capture_on_commit_callbacks):
    case, call, shift = called
    holds, _waits = a_full_shift(shift)
    with django_capture_on_commit_callbacks(execute=True):
        fill(case, call)
    sign_ups.cancel_sign_up(actor=holds.volunteer, sign_up=holds, now=clock.now())
    shift.refresh_from_db()
    assert (SignUp.objects.get(pk=holds.pk).state, shift.taken) == ("cancelled", 0)


def test_the_sweep_closes_what_lost_news_left_once(called, django_capture_on_commit_callbacks):
    case, call, shift = called
    a_full_shift(shift)
    fill(case, call)  # the news is never delivered
    call.refresh_from_db()
    assert call.state == "open"
    with django_capture_on_commit_callbacks(execute=True):
        assert tasks.sweep() == 1
        assert tasks.sweep() == 0
    call.refresh_from_db()
    assert call.state == "closed"
    assert len(mail.outbox) == 2


def test_a_gap_that_stays_keeps_its_call(called, django_capture_on_commit_callbacks):
    case, call, _shift = called
    served = case.post(0) if case.post(0).pk != call.seeks_adviser_for_post else case.post(1)
    with django_capture_on_commit_callbacks(execute=True):
        fill_post(post=served, adviser=case.lawyers[1], actor=case.parties.bidder, now=clock.now())
    call.refresh_from_db()
    assert (call.state, call.answered_at) == ("open", None)
    assert not mail.outbox


def test_an_answered_call_is_closed_in_the_database_too(called):
    _case, call, _shift = called
    with pytest.raises(IntegrityError, match="answered_call_is_closed"), transaction.atomic():
        Opportunity.objects.filter(pk=call.pk).update(answered_at=clock.now())
