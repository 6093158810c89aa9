"""At once: two who want one place, one person for two shifts, two deals."""

import os
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, connections

from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.staffing import tasks
from marketplace.staffing.rosters import deals, duties, swaps
from marketplace.staffing.rosters.models import Deal, Duty, RosterShift
from tests.factories.rosters import MORNING, confirmed_case, make_roster, offer, open_case, send_case
from tests.staffing.test_killed_worker import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
COMMITS = True


def together(*acts):
    """What each act gave: True, or the code of its refusal."""
    barrier = Barrier(len(acts))

    def run(act):
        def inner():
            try:
                barrier.wait(10)
                act()
            except DomainError as refusal:
                return refusal.code
            finally:
                connections.close_all()
            return True

        return inner

    return in_threads(*[run(act) for act in acts])


def test_one_person_does_not_confirm_two_shifts_at_once():
    case = open_case(make_roster(lawyers=1, days=1, windows=(MORNING,)))
    twin = open_case(make_roster(lawyers=0, days=1, windows=(MORNING,), contract=case.roster.contract))
    person = case.lawyers[0]
    offer(case, person)
    offer(twin, person)
    [one] = send_case(case)
    Duty.objects.filter(pk=one.pk).update(state="computed", respond_by=None)
    [other] = send_case(twin)
    Duty.objects.filter(pk=one.pk).update(state="proposed", respond_by=other.respond_by)
    found = together(
        lambda: duties.confirm_duty(actor=person, duty=one, now=clock.now()),
        lambda: duties.confirm_duty(actor=person, duty=other, now=clock.now()),
    )
    assert sorted(map(str, found)) == ["True", "duty_clash"]
    assert Duty.objects.filter(state="confirmed").count() == 1


def test_two_ask_for_a_deal_and_two_workers_compute_it():
    case = open_case(make_roster())
    offer(case, case.lawyers[0])
    deals.close_and_deal(actor=case.parties.officer, roster=case.roster, now=clock.now())
    deal = Deal.objects.get()
    assert together(*[lambda: deals.execute_deal(deal_id=deal.pk, now=clock.now())] * 2) == [True, True]
    assert Duty.objects.filter(deal=deal).count() == 4
    found = together(*[lambda: deals.request_deal(actor=case.parties.officer, roster=case.roster, now=clock.now())] * 2)
    assert sorted(map(str, found)) == ["True", "deal_under_way"]
    found = together(*[lambda: deals.send_deal(actor=case.parties.officer, deal=deal, now=clock.now())] * 2)
    # The first deal was superseded by the new one: nothing is sent.
    assert set(found) == {"illegal_transition"}
    assert {shift.taken for shift in RosterShift.objects.all()} == {0}


def test_a_shift_is_given_back_or_taken_over_never_both():
    case = open_case(make_roster(days=1))
    for person in case.lawyers:
        offer(case, person)
    mine, theirs = confirmed_case(case)
    swap = swaps.ask_swap(actor=mine.person, duty=mine, colleague=theirs.person, now=clock.now())
    found = together(
        lambda: swaps.agree_swap(actor=theirs.person, swap=swap, now=clock.now()),
        lambda: duties.give_back(actor=mine.person, duty=mine, reason="病了", now=clock.now()),
    )
    mine.refresh_from_db()
    assert found.count(True) == 1
    assert mine.state == ("handed_over" if found[0] is True else "given_back")
    assert RosterShift.objects.get(pk=mine.shift_id).taken == (1 if found[0] is True else 0)


_WORKER = textwrap.dedent(
    """
    import os, signal, sys
    import django
    from django.conf import settings
    settings.DATABASES["default"]["NAME"] = sys.argv[2]
    django.setup()
    from django.db.models.query import QuerySet
    from marketplace.core import clock
    from marketplace.staffing.rosters import deals

    create = QuerySet.bulk_create
    def die(self, rows, **kwargs):
        rows = list(rows)
        create(self, rows[: len(rows) // 2], **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
    QuerySet.bulk_create = die
    deals.execute_deal(deal_id=int(sys.argv[1]), now=clock.now())
    """
)


def test_a_killed_worker_leaves_nothing_and_the_sweep_finishes(monkeypatch):
    case = open_case(make_roster())
    offer(case, case.lawyers[0])
    deal = deals.close_and_deal(actor=case.parties.officer, roster=case.roster, now=clock.now())
    worker = subprocess.run(
        [sys.executable, "-c", _WORKER, str(deal.pk), connection.settings_dict["NAME"]],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert worker.returncode == -signal.SIGKILL, worker.stderr.decode()[-2000:]
    deal.refresh_from_db()
    assert (deal.state, deal.attempts, Duty.objects.count()) == ("running", 1, 0)
    asked = []
    monkeypatch.setattr(tasks.execute_deal, "delay", asked.append)
    tasks.sweep_rosters()
    assert asked == []  # its worker may be slow, not dead
    Deal.objects.filter(pk=deal.pk).update(started_at=clock.now() - tasks.RUN_PATIENCE - timedelta(seconds=1))
    tasks.sweep_rosters()
    assert asked == [deal.pk]
    tasks.execute_deal(deal.pk)
    deal.refresh_from_db()
    assert (deal.state, deal.attempts, Duty.objects.count()) == ("done", 2, 4)
