"""The last second: many at once, on real connections, across the deadline and across its amendment."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from marketplace.core.locks import lock_row
from marketplace.procurement import services_bidding, services_tender
from marketplace.procurement.errors import BiddingClosed
from marketplace.procurement.models import Bid, Tender
from tests.factories.procurement import a_bid, bureau_of, make_supplier, make_tender

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

SECONDS = 2.0


def closing_in(seconds):
    """A tender published three weeks ago whose bids close so many seconds from now."""
    now = timezone.now()
    tender = make_tender(now=now - timedelta(days=21), lots=1, bid_deadline=now + timedelta(seconds=60))
    # The row is set by hand to the last seconds: the guard lets deadlines only move later.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE procurement_tender DISABLE TRIGGER procurement_tender_guard")
        closes = timezone.now() + timedelta(seconds=seconds)
        cursor.execute("UPDATE procurement_tender SET bid_deadline = %s WHERE id = %s", [closes, tender.pk])
        cursor.execute("ALTER TABLE procurement_tender ENABLE TRIGGER procurement_tender_guard")
    return Tender.objects.get(pk=tender.pk)


def bid(lot, supplier, bidder, key, content):
    try:
        return services_bidding.submit_bid(
            actor=bidder, lot=lot, supplier=supplier, content=content, request_key=key, now=timezone.now()
        )
    except BiddingClosed:
        return None
    finally:
        connection.close()


def rush(tender, people, step, meanwhile=None):
    """Everybody bids, one every ``step`` seconds; (request key, bid or None) of each."""
    lot = tender.lots.get()
    content = a_bid(lot)
    jobs = []
    with ThreadPoolExecutor(8) as pool:
        other = pool.submit(meanwhile) if meanwhile else None
        for supplier, bidder in people:
            key = uuid.uuid4()
            jobs.append((key, pool.submit(bid, lot, supplier, bidder, key, content)))
            sleep(step)
        done = [(key, job.result()) for key, job in jobs]
        if other is not None:
            other.result()
    return done


def test_accepted_if_and_only_if_stored_in_time():
    people = [make_supplier() for _ in range(24)]
    tender = closing_in(SECONDS / 2)
    done = rush(tender, people, SECONDS / len(people))
    stored = {b.request_key: b for b in Bid.objects.all()}
    assert {key for key, made in done if made is not None} == set(stored)
    assert all(b.received_at <= tender.bid_deadline for b in stored.values())
    assert 0 < len(stored) < len(people), "the rush must cross the deadline"


def test_an_amendment_and_the_bids_see_each_other():
    people = [make_supplier() for _ in range(24)]
    tender = closing_in(SECONDS / 2)
    old, approver = tender.bid_deadline, bureau_of(tender).approver
    new = old + timedelta(days=14)

    def amend():
        sleep(SECONDS / 2 - 0.3)
        try:
            services_tender.amend_deadline(
                actor=approver, tender=tender, bid_deadline=new, reason="补充文件", now=timezone.now()
            )
            return True
        except BiddingClosed:
            return False
        finally:
            connection.close()

    done = rush(tender, people, SECONDS / len(people), amend)
    tender.refresh_from_db()
    stored = {b.request_key: b for b in Bid.objects.all()}
    assert {key for key, made in done if made is not None} == set(stored)
    moved = tender.bid_deadline == new
    for made in stored.values():
        assert made.received_at <= tender.bid_deadline
        if made.received_at > old:
            # After the old deadline only because the amendment was there first, and the receipt says so.
            assert moved
            assert made.receipt["deadline"].startswith(timezone.localtime(new).isoformat(timespec="seconds")[:19])
    if moved:
        assert len(stored) == len(people)


def test_one_request_many_times_is_one_bid():
    supplier, bidder = make_supplier()
    tender = closing_in(60)
    lot, key = tender.lots.get(), uuid.uuid4()
    content = a_bid(lot)
    gate = threading.Barrier(6)

    def press():
        gate.wait()
        return bid(lot, supplier, bidder, key, content)

    with ThreadPoolExecutor(6) as pool:
        receipts = [job.result().receipt for job in [pool.submit(press) for _ in range(6)]]
    assert Bid.objects.count() == 1
    assert all(receipt == receipts[0] for receipt in receipts)


def test_one_supplier_many_bids_leaves_one_live():
    supplier, bidder = make_supplier()
    tender = closing_in(60)
    lot = tender.lots.get()
    content = a_bid(lot)
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(bid, lot, supplier, bidder, uuid.uuid4(), content) for _ in range(6)]
        assert all(job.result() is not None for job in jobs)
    assert Bid.objects.filter(state="sealed").count() == 1
    assert Bid.objects.filter(state="replaced").count() == 5


def test_bids_share_the_tender_and_an_amendment_waits_for_them():
    tender = closing_in(60)
    held, release = threading.Event(), threading.Event()

    def a_slow_bid():
        try:
            with transaction.atomic():
                services_bidding._share_tender(tender.pk)
                held.set()
                release.wait(10)
        finally:
            connection.close()

    worker = threading.Thread(target=a_slow_bid)
    worker.start()
    try:
        assert held.wait(10)
        with transaction.atomic():
            # Another bid does not wait.
            assert services_bidding._share_tender(tender.pk).pk == tender.pk
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
            with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
                lock_row(Tender, tender.pk)
    finally:
        release.set()
        worker.join()
