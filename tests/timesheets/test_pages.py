"""The pages of service time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace.accounts.models import Role
from marketplace.core import clock
from marketplace.timesheets.models import ServiceSession
from tests.factories.accounts import make_member, make_user
from tests.factories.timesheets import VILLAGE, make_committee, make_session

pytestmark = pytest.mark.django_db


def test_a_village_confirms_with_one_press(client_for: Any) -> None:
    committee, voice = make_committee()
    session = make_session(host=committee)
    client = client_for(voice)
    assert "属实" in client.get("/visits/confirm/").content.decode()
    client.post(f"/visits/{session.pk}/confirm/")
    session.refresh_from_db()
    assert session.state == "confirmed"


def test_another_village_sees_nothing_of_it(client_for: Any) -> None:
    session = make_session()
    nearly = make_member(Role.VILLAGE, make_committee(VILLAGE + 7)[0])
    client = client_for(nearly)
    assert client.get(f"/visits/{session.pk}/").status_code == 404
    assert client.post(f"/visits/{session.pk}/confirm/").status_code == 404
    session.refresh_from_db()
    assert session.state == "reported"


def test_nobody_records_for_what_is_not_his(client_for: Any) -> None:
    assert client_for(make_user()).get("/visits/record/volunteers.shift/1/").status_code == 404
    assert client_for(make_user()).get("/visits/record/nothing/1/").status_code == 404
    assert client_for().get("/visits/").status_code == 302


@pytest.mark.parametrize("path", ["/visits/", "/visits/confirm/"])
def test_lists_cost_the_same_for_one_and_three(client_for: Any, path: str, django_assert_max_num_queries: Any) -> None:
    committee, voice = make_committee()
    person = make_user() if path.endswith("confirm/") else voice
    counts = []
    for rows in (1, 3):
        while ServiceSession.objects.count() < rows:
            n = ServiceSession.objects.count()
            make_session(person, host=committee, start=clock.now() - timedelta(hours=5 * n + 4), subject_id=n + 1)
        client = client_for(voice)
        client.get(path)
        with django_assert_max_num_queries(40) as captured:
            client.get(path)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_my_service_as_csv(client_for: Any) -> None:
    person = make_user()
    make_session(person, minutes=75)
    lines = b"".join(client_for(person).get("/visits/?format=csv").streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert ",75," in lines[1]
