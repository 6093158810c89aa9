"""Lists of calls and shifts ask the database a fixed number of questions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.core import clock
from tests.factories.volunteers import make_call, make_coordinator, make_volunteer
from volunteers import sign_ups

pytestmark = pytest.mark.django_db


def test_lists_cost_the_same_for_one_row_and_for_three(client_for):
    coordinator, person = make_coordinator(), make_volunteer()
    pages = [
        (client_for(), "/volunteering/"),
        (client_for(), "/volunteering/?q=赶集"),
        (client_for(person), "/volunteering/"),
        (client_for(person), "/volunteering/mine/"),
        (client_for(coordinator), "/volunteering/organised/"),
    ]

    def add(number):
        call, shift = make_call(by=coordinator, start=clock.now() + timedelta(days=3 * number))
        sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
        return call.title

    def costs(title, rows):
        found = []
        for client, address in pages:
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                html = client.get(address).content.decode()
            assert html.count(title) >= rows, address
            found.append(len(queries))
        return found

    title = add(1)
    one = costs(title, 1)
    add(2)
    add(3)
    assert costs(title, 3) == one
