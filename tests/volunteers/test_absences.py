"""Three missed shifts within a year bar from signing up, until an organiser who knows of it lets the person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from marketplace.accounts.models import CredentialKind, User
from marketplace.accounts.privacy import export_my_data
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.core.workspace import work_items
from tests.factories.accounts import make_credential, make_user
from tests.factories.volunteers import make_call, make_coordinator, make_volunteer
from volunteers import absences, errors, services, sign_ups
from volunteers.models import SignUp, VolunteerProfile

pytestmark = pytest.mark.django_db


def miss(person: User, by: User, times: int = 3) -> datetime:
    """So many shifts of ``by``'s organisation are missed; gives the end of the last."""
    for n in range(times):
        start = (clock.now() + timedelta(days=1 + n)).replace(hour=2)
        _call, shift = make_call(by=by, start=start)
        made = sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
        sign_ups.mark_attendance(actor=by, sign_up=made, came=False, now=shift.ends_at)
    return shift.ends_at


def test_three_missed_in_a_year_need_a_talk() -> None:
    coordinator, person = make_coordinator(), make_volunteer()
    after = miss(person, coordinator)
    _call, shift = make_call(start=clock.now() + timedelta(days=9))
    with pytest.raises(errors.TooManyMissed) as refused:
        sign_ups.sign_up(actor=person, shift=shift, now=after)
    # Whom to ask is where it happened last, not where the next place is wanted.
    assert str(coordinator.memberships.get().organisation) in str(refused.value)
    much_later = after + timedelta(days=366)
    assert absences.refusal(person, much_later) is None


def test_attendance_is_not_recorded_before_the_shift_begins() -> None:
    coordinator, person = make_coordinator(), make_volunteer()
    _call, shift = make_call(by=coordinator)
    made = sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    with pytest.raises(errors.TooEarly):
        sign_ups.mark_attendance(actor=coordinator, sign_up=made, came=False, now=clock.now())


def test_the_organiser_lets_sign_up_again_and_the_free_place_is_offered(
    mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    coordinator, person = make_coordinator(), make_volunteer(email="v@example.org")
    _call, wanted = make_call(by=coordinator, places=1, start=clock.now() + timedelta(days=9))
    holder = make_volunteer()
    held = sign_ups.sign_up(actor=holder, shift=wanted, now=clock.now())
    waits = sign_ups.sign_up(actor=person, shift=wanted, now=clock.now())
    with django_capture_on_commit_callbacks(execute=True):
        after = miss(person, coordinator)
    [letter] = mailoutbox
    assert "暂不能报名" in letter.subject
    assert "3" in letter.body
    sign_ups.cancel_sign_up(actor=holder, sign_up=held, now=after)
    waits.refresh_from_db()
    assert waits.state == "waiting"

    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        services.readmit(actor=coordinator, person=person, reason="家人住院，已当面说明", now=after)

    waits.refresh_from_db()
    assert waits.state == "offered"
    assert any("家人住院，已当面说明。" in letter.body and letter.to == [person.email] for letter in mailoutbox)
    event = Event.objects.get(action="volunteer.readmit")
    assert (event.actor, event.reason, event.data["missed"]) == (coordinator, "家人住院，已当面说明", 3)
    assert export_my_data(actor=person, now=after)["volunteering"]["profile"]["let_in_again_at"] == after


def test_only_what_is_missed_afterwards_counts_again() -> None:
    coordinator, person = make_coordinator(), make_volunteer()
    after = miss(person, coordinator)
    services.readmit(actor=coordinator, person=person, reason="谈过了。", now=after)
    with pytest.raises(errors.NotBarred):
        services.readmit(actor=coordinator, person=person, reason="再来一次。", now=after)
    with clock.rehearse(after):
        later = miss(person, coordinator, times=2)
        assert absences.refusal(person, later) is None
    with clock.rehearse(later):
        later = miss(person, coordinator, times=1)
        assert len(absences.missed_by(person, later)) == 3
        assert absences.refusal(person, later) is not None


def test_nobody_else_decides_and_nobody_for_himself() -> None:
    coordinator, stranger, person = make_coordinator(), make_coordinator(), make_volunteer()
    miss(person, stranger, times=2)
    with clock.rehearse(clock.now() + timedelta(days=5)):
        after = miss(person, make_coordinator(), times=1)
    refusals: tuple[tuple[User, str, type[Exception]], ...] = (
        (coordinator, "谈过了。", PermissionRefused),
        (person, "谈过了。", PermissionRefused),
        (stranger, "  ", errors.ReasonNeeded),
    )
    for actor, reason, refused in refusals:
        with pytest.raises(refused):
            services.readmit(actor=actor, person=person, reason=reason, now=after)
    assert VolunteerProfile.objects.get(user=person).readmitted_at is None
    assert not Event.objects.filter(action="volunteer.readmit").exists()
    assert [list(absences.decided_by(u, after)) for u in (coordinator, person, stranger)] == [[], [], [person]]


def test_a_coordinator_who_missed_too_much_himself_asks_a_colleague() -> None:
    coordinator = make_coordinator()
    colleague, organisation = make_coordinator(), coordinator.memberships.get().organisation
    coordinator.memberships.model.objects.filter(user=colleague).update(organisation=organisation)
    services.join(
        actor=coordinator, region=organisation.region, skills=[], languages=["cmn"], about="", emergency_contact="",
        consent=True, now=clock.now(),
    )  # fmt: skip
    coordinator, colleague = (User.objects.get(pk=u.pk) for u in (coordinator, colleague))
    after = miss(coordinator, colleague)
    assert not absences.decided_by(coordinator, after).exists()
    with pytest.raises(PermissionRefused):
        services.readmit(actor=coordinator, person=coordinator, reason="我保证。", now=after)
    services.readmit(actor=colleague, person=coordinator, reason="谈过了。", now=after)
    assert absences.refusal(coordinator, after) is None


def test_pages_say_it_on_both_sides(client_for: Any) -> None:
    coordinator, person = make_coordinator(), make_volunteer()
    after = miss(person, coordinator)
    call, shift = make_call(by=coordinator, start=clock.now() + timedelta(days=9))
    page = reverse("volunteers:absences", args=[person.pk])
    with clock.rehearse(after):
        volunteer, organiser = client_for(person), client_for(coordinator)
        shown = volunteer.get(reverse("volunteers:opportunity", args=[call.pk])).content.decode()
        assert reverse("volunteers:sign_up", args=[shift.pk]) not in shown
        assert "3 次" in shown
        assert any(item.url == page for item in work_items(coordinator, after))
        assert page in organiser.get(reverse("volunteers:organised")).content.decode()
        assert client_for(make_coordinator()).get(page).status_code == 404
        assert volunteer.post(page, {"reason": "我保证。"}).status_code == 404
        assert organiser.post(page, {"reason": ""}).status_code == 200
        assert organiser.post(page, {"reason": "谈过了。"}).status_code == 302
        assert organiser.get(page).status_code == 404
        volunteer.post(reverse("volunteers:sign_up", args=[shift.pk]))
    assert SignUp.objects.get(shift=shift, volunteer=person).state == "confirmed"


def test_a_call_that_asks_for_a_licence_offers_no_button_to_who_has_none(client_for: Any) -> None:
    call, shift = make_call(required_credential=CredentialKind.LAWYER)
    sign_up = reverse("volunteers:sign_up", args=[shift.pk])
    page = reverse("volunteers:opportunity", args=[call.pk])
    lawyer, helper = make_volunteer(), make_volunteer()
    make_credential(lawyer)
    assert sign_up in client_for(lawyer).get(page).text
    shown = client_for(helper).get(page).text
    assert sign_up not in shown
    assert "需要已核验的律师执业证" in shown
    # Nobody knows what a visitor holds.
    assert sign_up in client_for().get(page).text


def test_who_joins_on_the_way_to_a_call_comes_back_to_it(client_for: Any) -> None:
    call, _shift = make_call()
    home = call.region
    answers = {"region": home.code, "languages": ["cmn"], "consent": "on"}
    response = client_for(make_user()).post(f"/volunteering/join/?next=/volunteering/{call.pk}/", answers, follow=True)
    assert response.redirect_chain == [(f"/volunteering/{call.pk}/", 302)]
    assert "现在可以报名了" in response.content.decode()
    elsewhere = client_for(make_user()).post("/volunteering/join/?next=//example.org/", answers)
    assert elsewhere["Location"] == "/volunteering/"


def test_who_changes_what_he_said_need_not_agree_again_and_who_left_does(client_for: Any) -> None:
    person = make_volunteer()
    client = client_for(person)
    page = client.get("/volunteering/join/").text
    assert "checked" in page.partition('name="consent"')[2].partition(">")[0]
    services.leave(actor=person, now=clock.now())
    page = client.get("/volunteering/join/").text
    assert "checked" not in page.partition('name="consent"')[2].partition(">")[0]
