"""The copy of one's own data holds what every room keeps about a person, and nothing of others."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from marketplace.core import clock
from tests.factories.accounts import make_user
from tests.factories.timesheets import make_committee, make_session
from tests.factories.volunteers import make_call, make_volunteer
from volunteers.sign_ups import sign_up

pytestmark = pytest.mark.django_db


def _copy(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.post("/account/data/").content)
    return found


def test_every_room_adds_what_it_holds(client_for: Any) -> None:
    volunteer = make_volunteer()
    _call, shift = make_call(title="丹江镇法律咨询日")
    sign_up(actor=volunteer, shift=shift, now=clock.now())
    committee, representative = make_committee()
    start = clock.now() - timedelta(days=1)
    make_session(volunteer, host=committee, start=start, minutes=90, confirmed_by=representative)
    data = _copy(client_for(volunteer))
    assert data["volunteering"]["profile"]["emergency_contact"] == "示例家属"
    assert [each["call"] for each in data["volunteering"]["sign_ups"]] == ["丹江镇法律咨询日"]
    assert [(each["decided_minutes"], each["summary"]) for each in data["visits"]] == [(90, "接待咨询。")]
    assert set(data) >= {"incentives", "posts", "duties", "colleagues"}

    other = _copy(client_for(make_user()))
    assert (other["visits"], other["volunteering"]) == ([], {"profile": None, "sign_ups": []})
