"""Several at once, on real connections: one opening, one award, and no score after handing in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.procurement import services_award, services_evaluation, services_opening
from marketplace.procurement.errors_evaluation import AlreadyDecided, SheetLocked
from marketplace.procurement.models import Award, Evaluator, Notice, OpenedBid, Score, Tender
from marketplace.procurement.selectors_evaluation import scored_criteria, valid_bids
from tests.factories.accounts import make_member
from tests.factories.evaluation import (
    after_deadline,
    declared_tender,
    evaluated_tender,
    fill_sheet,
    release,
    sealed_tender,
)
from tests.factories.procurement import bureau_of

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """Run all at the same moment, each on a connection of its own; a refusal is a result."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        start.wait()
        try:
            return job()
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_two_approvers_award_once() -> None:
    tender = evaluated_tender()
    now = after_deadline(tender, hours=30)
    people = [bureau_of(tender).approver, *(make_member(Role.APPROVER, tender.organisation) for _ in range(3))]
    done = at_once(*(lambda p=p: services_award.award_tender(actor=p, tender=tender, now=now) for p in people))
    assert sum(isinstance(one, list) for one in done) == 1
    assert sum(isinstance(one, AlreadyDecided) for one in done) == 3
    assert Award.objects.count() == 1
    assert Notice.objects.filter(kind="result").count() == 1


def test_bids_are_opened_once() -> None:
    tender, _ = sealed_tender([(270_000, 280_000, 290_000)])
    release(tender)
    now = after_deadline(tender)
    bureau = bureau_of(tender)

    def opening(person):
        with clock.rehearse(now):
            return services_opening.open_bids(actor=person, tender=tender, now=now)

    done = at_once(*(lambda p=p: opening(p) for p in (bureau.officer, *bureau.holders)))
    assert all(isinstance(one, Tender) and one.state == "opened" for one in done)
    assert OpenedBid.objects.count() == 3


def test_no_score_is_written_after_handing_in() -> None:
    tender = declared_tender()
    seat = Evaluator.objects.filter(tender=tender).first()
    fill_sheet(seat)
    lot = tender.lots.get()
    bid, factor = valid_bids(lot)[0], scored_criteria(lot)[0]
    now = after_deadline(tender, hours=5)

    def save(points: int) -> int:
        return services_evaluation.save_scores(
            actor=seat.user, lot=lot, scores={bid.pk: {factor.pk: (points, "改")}}, now=now
        )

    done = at_once(
        lambda: services_evaluation.submit_scores(actor=seat.user, tender=tender, now=now),
        *(lambda n=n: save(n) for n in range(1, 6)),
    )
    seat.refresh_from_db()
    assert seat.state == "submitted"
    assert all(isinstance(one, int | SheetLocked | Evaluator) for one in done)
    event = Event.objects.get(action="evaluator.submit_scores")
    assert services_evaluation.sheet_digest(seat) == event.data["digest"]
    assert all(isinstance(one, SheetLocked) for one in at_once(*(lambda n=n: save(n) for n in range(6, 9))))
    assert services_evaluation.sheet_digest(seat) == event.data["digest"]
    assert Score.objects.filter(evaluator=seat).count() == 3 * len(scored_criteria(lot))
