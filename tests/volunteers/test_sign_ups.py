"""Never one person too many, and nobody passed over without a reason on record."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, close_old_connections, connection, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.accounts.models import CredentialKind
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.timesheets import services as timesheets
from tests.factories.accounts import a_place, make_credential, make_user
from tests.factories.volunteers import make_call, make_coordinator, make_volunteer
from volunteers import errors, services, sign_ups
from volunteers.models import Shift, SignUp, VolunteerProfile
from volunteers.selectors import near, oversold_or_miscounted, place_in_queue
from volunteers.workspace import work_items

pytestmark = pytest.mark.django_db


def test_places_then_queue_then_offer_then_place() -> None:
    _call, shift = make_call(places=1)
    first, second, third = (make_volunteer() for _ in range(3))
    now = clock.now()
    taken = sign_ups.sign_up(actor=first, shift=shift, now=now)
    waiting = [sign_ups.sign_up(actor=p, shift=shift, now=now) for p in (second, third)]
    assert [taken.state, *(w.state for w in waiting)] == ["confirmed", "waiting", "waiting"]
    assert place_in_queue(waiting[1]) == 2

    sign_ups.cancel_sign_up(actor=first, sign_up=taken, now=now)

    waiting[0].refresh_from_db()
    assert waiting[0].state == "offered"
    sign_ups.accept_offer(actor=second, sign_up=waiting[0], now=now)
    shift.refresh_from_db()
    assert (shift.taken, SignUp.objects.get(pk=waiting[1].pk).state) == (1, "waiting")


def test_who_waits_is_told_of_the_place_and_of_a_call_called_off(
    mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    call, shift = make_call(places=1)
    first, second, third = (make_volunteer(email=f"v{n}@example.org") for n in range(3))
    now = clock.now()
    taken, waiting, _last = (sign_ups.sign_up(actor=p, shift=shift, now=now) for p in (first, second, third))
    # Closed to others, the call still serves who waits.
    services.close_opportunity(actor=call.created_by, opportunity=call, now=now)
    with pytest.raises(errors.NotOpen):
        sign_ups.sign_up(actor=make_volunteer(), shift=shift, now=now)
    with django_capture_on_commit_callbacks(execute=True):
        sign_ups.cancel_sign_up(actor=first, sign_up=taken, now=now)
    [letter] = mailoutbox
    waiting.refresh_from_db()
    assert (waiting.state, letter.to) == ("offered", [second.email])
    assert "名额空出" in letter.subject
    assert "A place has come free: 赶集日法律咨询" in letter.subject
    assert letter.body.endswith("/volunteering/mine/")

    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        services.cancel_opportunity(actor=call.created_by, opportunity=call, reason="山洪预警", now=now)
    assert {letter.to[0] for letter in mailoutbox} == {second.email, third.email}
    assert all("山洪预警。" in letter.body and len(letter.to) == 1 for letter in mailoutbox)


def test_an_offer_that_nobody_answers_goes_to_the_next(at: Any) -> None:
    _call, shift = make_call(places=1)
    first, second, third = (make_volunteer() for _ in range(3))
    now = clock.now()
    taken = sign_ups.sign_up(actor=first, shift=shift, now=now)
    a, b = (sign_ups.sign_up(actor=p, shift=shift, now=now) for p in (second, third))
    sign_ups.cancel_sign_up(actor=first, sign_up=taken, now=now)
    late = now + timedelta(hours=25)
    with pytest.raises(errors.OfferOver):
        sign_ups.accept_offer(actor=second, sign_up=a, now=late)
    assert sign_ups.lapse_overdue(now=late) == 1
    a.refresh_from_db()
    b.refresh_from_db()
    assert (a.state, b.state) == ("lapsed", "offered")
    assert not oversold_or_miscounted()


@pytest.mark.django_db(transaction=True)
def test_thirty_press_at_once_for_ten_places() -> None:
    _call, shift = make_call(places=10)
    people = [make_volunteer() for _ in range(30)]
    now = clock.now()

    def press(person: Any) -> None:
        try:
            sign_ups.sign_up(actor=person, shift=shift, now=now)
        finally:
            close_old_connections()
            connection.close()

    # Ten connections at a time: the server has other guests.
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(press, people))
    states = list(SignUp.objects.values_list("state", flat=True))
    assert (states.count("confirmed"), states.count("waiting")) == (10, 20)
    shift.refresh_from_db()
    assert shift.taken == 10


def test_the_database_refuses_one_too_many() -> None:
    _call, shift = make_call(places=2)
    with pytest.raises(IntegrityError, match="shift_not_oversold"), transaction.atomic():
        Shift.objects.filter(pk=shift.pk).update(taken=3)


@given(st.lists(st.tuples(st.sampled_from(["sign", "cancel", "accept", "lapse"]), st.integers(0, 5)), max_size=25))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_history_keeps_the_count_and_the_order(steps: list[tuple[str, int]]) -> None:
    _call, shift = make_call(places=2)
    people = [make_volunteer() for _ in range(6)]
    now = clock.now()
    for step, who in steps:
        now += timedelta(minutes=30)
        live = (
            SignUp.objects.filter(shift=shift, volunteer=people[who]).exclude(state__in=["cancelled", "lapsed"]).first()
        )
        if step == "sign":
            sign_ups.sign_up(actor=people[who], shift=shift, now=now)
        elif step == "cancel" and live:
            sign_ups.cancel_sign_up(actor=people[who], sign_up=live, now=now)
        elif step == "accept" and live and live.state == "offered":
            sign_ups.accept_offer(actor=people[who], sign_up=live, now=now)
        elif step == "lapse":
            sign_ups.lapse_overdue(now=now + timedelta(hours=24))
        assert not oversold_or_miscounted()
        shift.refresh_from_db()
        waiting = SignUp.objects.filter(shift=shift, state="waiting")
        # A place stands free only while nobody waits.
        assert shift.taken == shift.places or not waiting.exists()


def test_who_can_no_longer_come_is_passed_over_with_the_reason() -> None:
    _call, shift = make_call(places=1)
    first, second, third = (make_volunteer() for _ in range(3))
    now = clock.now()
    taken = sign_ups.sign_up(actor=first, shift=shift, now=now)
    a, b = (sign_ups.sign_up(actor=p, shift=shift, now=now) for p in (second, third))
    VolunteerProfile.objects.filter(user=second).update(active=False)
    sign_ups.cancel_sign_up(actor=first, sign_up=taken, now=now)
    a.refresh_from_db()
    b.refresh_from_db()
    assert (a.state, b.state) == ("waiting", "offered")
    event = Event.objects.get(action="sign_up.pass_over", subject_id=str(a.pk))
    assert event.data["code"] == "not_a_volunteer"


def test_clash_is_refused_and_back_to_back_is_not() -> None:
    _one, first = make_call()
    _two, clashing = make_call(start=first.starts_at + timedelta(hours=2))
    _three, after = make_call(start=first.ends_at)
    person, now = make_volunteer(), clock.now()
    sign_ups.sign_up(actor=person, shift=first, now=now)
    with pytest.raises(errors.Clash):
        sign_ups.sign_up(actor=person, shift=clashing, now=now)
    assert sign_ups.sign_up(actor=person, shift=after, now=now).state == "confirmed"
    assert SignUp.objects.count() == 2


def test_a_licence_that_expired_yesterday_is_not_enough() -> None:
    _call, shift = make_call(required_credential=CredentialKind.LAWYER)
    person, now = make_volunteer(), clock.now()
    make_credential(person, valid_until=clock.today() - timedelta(days=1))
    with pytest.raises(errors.CredentialMissing):
        sign_ups.sign_up(actor=person, shift=shift, now=now)
    make_credential(person)
    assert sign_ups.sign_up(actor=person, shift=shift, now=now).state == "confirmed"


def test_a_slip_in_attendance_is_put_right_until_time_is_recorded() -> None:
    coordinator, person = make_coordinator(), make_volunteer()
    _call, shift = make_call(by=coordinator)
    made = sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    after = shift.ends_at + timedelta(hours=1)
    for came in (True, False, True):
        made = sign_ups.mark_attendance(actor=coordinator, sign_up=made, came=came, now=after)
        assert made.state == ("attended" if came else "missed")
    with clock.rehearse(after):
        session = timesheets.report_session(
            actor=person, capacity="volunteer", kind="visit", region=shift.opportunity.region, host=shift.opportunity.host,
            subject_kind="volunteers.shift", subject_id=shift.pk, start=shift.starts_at, end=shift.ends_at,
            summary="说明了合同条款。", people_served=2, now=after,
        )  # fmt: skip
        with pytest.raises(errors.TimeRecorded):
            sign_ups.mark_attendance(actor=coordinator, sign_up=made, came=False, now=after)
        timesheets.withdraw_session(actor=person, session=session, now=after)
        assert sign_ups.mark_attendance(actor=coordinator, sign_up=made, came=False, now=after).state == "missed"
    assert Event.objects.filter(action__startswith="sign_up.", subject_id=made.pk).count() >= 5


def test_attendance_is_recorded_by_the_host_and_never_by_oneself() -> None:
    coordinator = make_coordinator()
    _call, shift = make_call(by=coordinator)
    services.join(
        actor=coordinator, region=shift.opportunity.region, skills=[], languages=["cmn"], about="", emergency_contact="",
        consent=True, now=clock.now(),
    )  # fmt: skip
    coordinator.refresh_from_db()
    own = sign_ups.sign_up(actor=coordinator, shift=shift, now=clock.now())
    other = sign_ups.sign_up(actor=make_volunteer(), shift=shift, now=clock.now())
    for actor, sign_up in ((coordinator, own), (make_coordinator(), other)):
        with pytest.raises(PermissionRefused):
            sign_ups.mark_attendance(actor=actor, sign_up=sign_up, came=True, now=shift.ends_at)
    assert set(SignUp.objects.values_list("state", flat=True)) == {"confirmed"}


def test_without_consent_nothing_is_recorded() -> None:
    person = make_user()
    _call, shift = make_call()
    with pytest.raises(errors.ConsentNeeded):
        services.join(
            actor=person, region=shift.opportunity.region, skills=[], languages=["cmn"], about="", emergency_contact="",
            consent=False, now=clock.now(),
        )  # fmt: skip
    assert not VolunteerProfile.objects.filter(user=person).exists()
    with pytest.raises(errors.NotAVolunteer):
        sign_ups.sign_up(actor=person, shift=shift, now=clock.now())


def test_who_joins_is_at_home_there_unless_he_said_otherwise() -> None:
    _call, shift = make_call()
    region = shift.opportunity.region
    settled = make_user()
    elsewhere = a_place(522635000000)
    type(settled).objects.filter(pk=settled.pk).update(home_region=elsewhere)
    settled.refresh_from_db()
    for person, home in ((make_user(), region), (settled, elsewhere)):
        services.join(
            actor=person, region=region, skills=[], languages=["cmn"], about="", emergency_contact="",
            consent=True, now=clock.now(),
        )  # fmt: skip
        person.refresh_from_db()
        assert person.home_region == home
    assert Event.objects.filter(action="person.update").count() == 1


def test_cancelling_a_call_ends_every_place_with_the_reason(client_for: Any) -> None:
    coordinator = make_coordinator()
    call, shift = make_call(by=coordinator, places=1)
    people = [make_volunteer() for _ in range(2)]
    made = [sign_ups.sign_up(actor=p, shift=shift, now=clock.now()) for p in people]
    with pytest.raises(errors.ReasonNeeded):
        services.cancel_opportunity(actor=coordinator, opportunity=call, reason="", now=clock.now())
    services.cancel_opportunity(actor=coordinator, opportunity=call, reason="山路塌方。", now=clock.now())
    assert {s.state for s in SignUp.objects.filter(pk__in=[m.pk for m in made])} == {"cancelled"}
    assert not oversold_or_miscounted()
    assert "山路塌方。" in client_for().get(f"/volunteering/{call.pk}/").text
    # Who had signed up reads it where he begins; who organises may have to ring him up.
    [item] = work_items(people[0], clock.now())
    assert ("活动取消" in item.title, "山路塌方。" in item.detail, item.tone) == (True, True, "info")
    organised = client_for(coordinator).get(reverse("volunteers:manage", args=[call.pk])).text
    assert all(person.display_name in organised for person in people)
    assert "山路塌方。" in organised


@pytest.mark.parametrize("how", ["close", "answer"])
def test_a_closed_call_can_still_be_called_off(how: str) -> None:
    coordinator = make_coordinator()
    call, shift = make_call(by=coordinator, places=1)
    taken = sign_ups.sign_up(actor=make_volunteer(), shift=shift, now=clock.now())
    if how == "close":
        services.close_opportunity(actor=coordinator, opportunity=call, now=clock.now())
    else:
        services.answer_opportunity(opportunity=call, now=clock.now())
    assert SignUp.objects.get(pk=taken.pk).state == "confirmed"
    services.cancel_opportunity(actor=coordinator, opportunity=call, reason="山路塌方。", now=clock.now())
    call.refresh_from_db()
    taken.refresh_from_db()
    assert (call.state, taken.state, taken.note) == ("cancelled", "cancelled", "山路塌方。")
    assert (call.answered_at is not None) == (how == "answer")
    assert not oversold_or_miscounted()


def test_the_organiser_is_offered_to_call_off_a_closed_call(client_for: Any) -> None:
    coordinator = make_coordinator()
    call, _shift = make_call(by=coordinator)
    services.close_opportunity(actor=coordinator, opportunity=call, now=clock.now())
    client = client_for(coordinator)
    cancel = reverse("volunteers:move", args=[call.pk, "cancel"])
    assert cancel in client.get(reverse("volunteers:manage", args=[call.pk])).content.decode()
    client.post(cancel, {"reason": "山路塌方。"})
    call.refresh_from_db()
    assert call.state == "cancelled"


def test_leaving_gives_the_places_to_the_next() -> None:
    _call, shift = make_call(places=1)
    first, second = make_volunteer(), make_volunteer()
    sign_ups.sign_up(actor=first, shift=shift, now=clock.now())
    queued = sign_ups.sign_up(actor=second, shift=shift, now=clock.now())
    services.leave(actor=first, now=clock.now())
    queued.refresh_from_db()
    assert queued.state == "offered"


def test_emergency_contact_is_ciphertext_in_the_database() -> None:
    person = make_volunteer()
    with connection.cursor() as cursor:
        cursor.execute("SELECT emergency_contact FROM volunteers_volunteerprofile WHERE user_id = %s", [person.pk])
        stored = bytes(cursor.fetchone()[0])
    assert "示例家属".encode() not in stored
    assert person.volunteer.emergency_contact == "示例家属"


def test_near_costs_the_same_for_one_call_and_three(django_assert_max_num_queries: Any) -> None:
    person = make_volunteer()
    near(person, clock.now())
    counts = []
    for total in (1, 3):
        while len(near(None, clock.now())) < total:
            make_call()
        with django_assert_max_num_queries(10) as captured:
            assert len(near(person, clock.now())) == total
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_pages(client_for: Any) -> None:
    coordinator = make_coordinator()
    call, shift = make_call(by=coordinator)
    draft, _shift = make_call(by=coordinator, opened=False, title="尚未公布")
    person = make_volunteer()
    assert call.title in client_for().get("/volunteering/").content.decode()
    assert "尚未公布" not in client_for(person).get("/volunteering/").content.decode()
    assert client_for(person).get(f"/volunteering/{draft.pk}/").status_code == 404
    assert client_for(make_coordinator()).get(f"/volunteering/organised/{call.pk}/").status_code == 404
    client = client_for(person)
    for _ in range(2):
        client.post(f"/volunteering/shifts/{shift.pk}/sign-up/")
    assert SignUp.objects.get().state == "confirmed"
    assert call.title in client.get("/volunteering/mine/").content.decode()
    assert person.display_name in client_for(coordinator).get(f"/volunteering/organised/{call.pk}/").content.decode()
    newcomer = client_for(make_user())
    assert newcomer.post(f"/volunteering/shifts/{shift.pk}/sign-up/")["Location"].startswith("/volunteering/join/")


def test_a_coordinator_takes_the_list_of_calls_away_and_only_the_own_ones(client_for: Any) -> None:
    coordinator = make_coordinator()
    _call, shift = make_call(by=coordinator, title="本单位的招募", places=1)
    make_call(title="别人的招募")
    for person in (make_volunteer(), make_volunteer()):
        sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    response = client_for(coordinator).get("/volunteering/organised/?format=csv")
    lines = list(csv.DictReader(StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert [(line["招募"], line["已报名"], line["候补"]) for line in lines] == [("本单位的招募", "1", "1")]
    assert lines[0]["首个时段"] == f"{timezone.localtime(shift.starts_at):%Y-%m-%d %H:%M}"


def test_check_volunteers_finds_a_wrong_counter() -> None:
    _call, shift = make_call()
    out = StringIO()
    call_command("check_volunteers", stdout=out)
    Shift.objects.filter(pk=shift.pk).update(taken=1)
    with pytest.raises(CommandError):
        call_command("check_volunteers", stdout=out, stderr=out)


def test_that_somebody_came_can_still_be_said_when_the_time_is_recorded(client_for) -> None:
    """It is asked on the organiser's desk until it is said."""
    coordinator, person = make_coordinator(), make_volunteer()
    call, shift = make_call(by=coordinator)
    sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    after = shift.ends_at + timedelta(hours=1)
    page = reverse("volunteers:manage", args=[call.pk])
    with clock.rehearse(after):
        timesheets.report_session(
            actor=person, capacity="volunteer", kind="visit", region=shift.opportunity.region, host=shift.opportunity.host,
            subject_kind="volunteers.shift", subject_id=shift.pk, start=shift.starts_at, end=shift.ends_at,
            summary="说明了合同条款。", people_served=2, now=after,
        )  # fmt: skip
        client = client_for(coordinator)
        assert page in client.get("/workspace/").text
        body = client.get(page).text
        assert 'name="came" value="yes"' in body
        assert 'name="came" value="no"' not in body
        client.post(reverse("volunteers:attendance", args=[SignUp.objects.get().pk]), {"came": "yes"})
        assert SignUp.objects.get().state == "attended"
        assert 'name="came"' not in client.get(page).text
        assert page not in client.get("/workspace/").text
