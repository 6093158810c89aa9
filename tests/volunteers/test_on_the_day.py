"""Where to meet, whom to call, and whom to tell if something happens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.audit.selectors import may_read_trail
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from tests.factories.accounts import make_member
from tests.factories.timesheets import make_committee
from tests.factories.volunteers import make_call, make_coordinator, make_volunteer
from volunteers import errors, services, sign_ups
from volunteers.models import SignUp, VolunteerProfile
from volunteers.privacy import exported_volunteering

pytestmark = pytest.mark.django_db

POINT, PHONE = "郎德镇便民服务中心一楼（示例）", "0855-0000000"


def test_everybody_reads_where_to_meet_and_only_who_signed_up_the_telephone(client_for: Any) -> None:
    coordinator, person = make_coordinator(), make_volunteer()
    call, shift = make_call(by=coordinator, meeting_point=POINT, contact_phone=PHONE)
    address = f"/volunteering/{call.pk}/"
    for browser in (client_for(), client_for(person), client_for(make_coordinator())):
        page = browser.get(address).content.decode()
        assert POINT in page
        assert "报名后显示" in page
        assert PHONE not in page
    sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    for reader in (person, coordinator):
        assert PHONE in client_for(reader).get(address).content.decode()
    mine = client_for(person).get("/volunteering/mine/").content.decode()
    assert POINT in mine
    assert PHONE in mine
    assert POINT in client_for(person).get(reverse("dashboards:workspace")).content.decode()


def test_who_has_a_place_is_told_where_to_meet_and_nobody_of_nothing_new(
    mailoutbox: Any, django_capture_on_commit_callbacks: Any, client_for: Any
) -> None:
    coordinator, comes, gave_up = (
        make_coordinator(),
        make_volunteer(email="comes@example.org"),
        make_volunteer(email="gone@example.org"),
    )
    call, shift = make_call(by=coordinator)
    for person in (comes, gave_up):
        made = sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    sign_ups.cancel_sign_up(actor=gave_up, sign_up=made, now=clock.now())
    said = {"meeting_point": POINT, "meeting_point_en": "", "contact_phone": PHONE}
    mailoutbox.clear()
    nearly = client_for(make_coordinator())
    assert nearly.post(f"/volunteering/organised/{call.pk}/meeting/", said).status_code == 404
    browser = client_for(coordinator)
    refused = browser.post(f"/volunteering/organised/{call.pk}/meeting/", said | {"contact_phone": ""})
    assert refused.status_code == 422
    assert POINT in refused.content.decode()
    call.refresh_from_db()
    assert call.meeting_point == ""
    for _again in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            browser.post(f"/volunteering/organised/{call.pk}/meeting/", said)
    call.refresh_from_db()
    assert (call.meeting_point, call.contact_phone) == (POINT, PHONE)
    assert [letter.to for letter in mailoutbox] == [[comes.email]]
    assert POINT in mailoutbox[0].body
    assert PHONE in mailoutbox[0].body
    assert Event.objects.filter(action="opportunity.meet").count() == 1


def test_an_offered_place_comes_with_where_to_meet(mailoutbox: Any, django_capture_on_commit_callbacks: Any) -> None:
    first, second = make_volunteer(), make_volunteer(email="second@example.org")
    _call, shift = make_call(places=1, meeting_point=POINT, contact_phone=PHONE)
    held = sign_ups.sign_up(actor=first, shift=shift, now=clock.now())
    sign_ups.sign_up(actor=second, shift=shift, now=clock.now())
    with django_capture_on_commit_callbacks(execute=True):
        sign_ups.cancel_sign_up(actor=first, sign_up=held, now=clock.now())
    assert f"集合地点：{POINT}。咨询电话：{PHONE}。" in mailoutbox[-1].body
    assert f"Telephone for questions: {PHONE}." in mailoutbox[-1].body


def test_the_emergency_contact_opens_on_the_day_only_and_each_look_is_recorded(client_for: Any) -> None:
    committee, host = make_committee()
    coordinator, person = make_coordinator(), make_volunteer()
    call, shift = make_call(by=coordinator, host=committee)
    made = sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    address = f"/volunteering/sign-ups/{made.pk}/emergency-contact/"
    early = shift.starts_at - timedelta(days=1)
    with pytest.raises(errors.NotOnTheDay):
        services.open_emergency_contact(actor=coordinator, sign_up=made, now=early)
    assert address not in client_for(coordinator).get(f"/volunteering/organised/{call.pk}/").content.decode()
    with clock.rehearse(shift.starts_at + timedelta(minutes=10)):
        # Nearly allowed: a coordinator elsewhere, and the representative of another village.
        stranger = make_member(Role.VILLAGE, make_committee(522634100207)[0])
        for nearly in (make_coordinator(), stranger, person):
            assert client_for(nearly).post(address).status_code == 404
        with pytest.raises(PermissionRefused):
            services.open_emergency_contact(actor=person, sign_up=made, now=clock.now())
        assert not Event.objects.filter(action="sign_up.open_contact").exists()
        assert client_for(coordinator).get(address).status_code == 405
        assert address in client_for(coordinator).get(f"/volunteering/organised/{call.pk}/").content.decode()
        for reader in (coordinator, host):
            assert "示例家属" in client_for(reader).post(address).content.decode()
    looks = Event.objects.filter(action="sign_up.open_contact", subject_id=str(made.pk))
    assert {look.actor_id for look in looks} == {coordinator.pk, host.pk}
    assert all("示例家属" not in str(look.data) + look.reason for look in looks)


def test_a_contact_given_before_it_could_be_opened_stays_closed_until_its_volunteer_agrees(client_for: Any) -> None:
    coordinator, person = make_coordinator(), make_volunteer()
    call, shift = make_call(by=coordinator)
    made = sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    VolunteerProfile.objects.filter(user=person).update(contact_agreed_at=None)
    page = f"/volunteering/organised/{call.pk}/"
    with clock.rehearse(shift.starts_at + timedelta(minutes=10)):
        assert "emergency-contact" not in client_for(coordinator).get(page).content.decode()
        with pytest.raises(errors.ContactClosed):
            services.open_emergency_contact(actor=coordinator, sign_up=made, now=clock.now())
        assert not Event.objects.filter(action="sign_up.open_contact").exists()
        asked = "May your emergency contact be opened"
        assert asked in client_for(person, language="en").get("/workspace/").content.decode()
        services.join(
            actor=person, region=call.region, skills=[], languages=["cmn"], about="", emergency_contact="示例家属",
            consent=True, now=clock.now(),
        )  # fmt: skip
        assert services.open_emergency_contact(actor=coordinator, sign_up=made, now=clock.now()) == "示例家属"
        assert asked not in client_for(person, language="en").get("/workspace/").content.decode()
        # Whose contact it is reads of it, on the page, in the record and in the copy of all data.
        assert "您的紧急联系人已" in client_for(person).get("/volunteering/mine/").content.decode()
        assert may_read_trail(person, "volunteers.signup", made.pk)
        assert not may_read_trail(make_volunteer(), "volunteers.signup", made.pk)
        [copied] = exported_volunteering(person)["sign_ups"]
        assert len(copied["emergency_contact_opened"]) == 1


def test_a_contact_is_opened_by_what_the_sign_up_is_now(client_for: Any) -> None:
    coordinator, person = make_coordinator(), make_volunteer()
    _call, shift = make_call(by=coordinator)
    stale = sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    sign_ups.cancel_sign_up(actor=person, sign_up=SignUp.objects.get(pk=stale.pk), now=clock.now())
    with clock.rehearse(shift.starts_at + timedelta(minutes=10)), pytest.raises(errors.NotOnTheDay):
        services.open_emergency_contact(actor=coordinator, sign_up=stale, now=clock.now())


def test_the_telephone_of_a_call_is_ciphertext_in_the_database() -> None:
    call, _shift = make_call(contact_phone=PHONE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT contact_phone FROM volunteers_opportunity WHERE id = %s", [call.pk])
        assert PHONE.encode() not in bytes(cursor.fetchone()[0])


def test_a_place_given_up_is_no_longer_coming(client_for: Any) -> None:
    person = make_volunteer()
    _call, shift = make_call(title="已放弃的班次")
    made = sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    sign_ups.cancel_sign_up(actor=person, sign_up=made, now=clock.now())
    page = client_for(person, language="en").get("/volunteering/mine/").content.decode()
    assert "Coming up" not in page
    assert page.index("Past or given up") < page.index("已放弃的班次")


def test_the_organiser_reads_who_waits_in_which_place_and_how_long_who_came_stayed(client_for: Any) -> None:
    coordinator = make_coordinator()
    call, shift = make_call(by=coordinator, places=1)
    people = [make_volunteer() for _ in range(3)]
    for person in people:
        sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    address = f"/volunteering/organised/{call.pk}/"
    page = client_for(coordinator).get(address).content.decode()
    assert page.index("第 1 位") < page.index("第 2 位")
    assert "到场情况" not in page
    with clock.rehearse(shift.ends_at + timedelta(hours=2)):
        page = client_for(coordinator).get(address).content.decode()
    assert "到场情况" in page
    assert '<div class="actions"></div>' not in page
