"""Where to meet, whom to call, and whom to tell if something happens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from tests.factories.accounts import make_member
from tests.factories.timesheets import make_committee
from tests.factories.volunteers import make_call, make_coordinator, make_volunteer
from volunteers import errors, services, sign_ups

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
    assert f"集合地点：{POINT}。 咨询电话：{PHONE}。" in mailoutbox[-1].body
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
