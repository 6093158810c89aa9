"""The re-review of objective points: who sees which cells differed, and what became of them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.procurement import review, services_evaluation
from marketplace.procurement.models import CriterionKind, Evaluator, ReviewedScore, Score, Tender
from tests.factories.accounts import make_member
from tests.factories.evaluation import after_deadline, declared_tender, fill_sheet
from tests.factories.procurement import bureau_of

pytestmark = pytest.mark.django_db


def differing_tender() -> tuple[Tender, list[Evaluator]]:
    """All three have handed in; the third gives a point less for everything."""
    tender = declared_tender(objective=True)
    seats = list(Evaluator.objects.filter(tender=tender).order_by("pk"))
    for number, seat in enumerate(seats):
        fill_sheet(seat, number, lambda member, bid, c: c.points - 1 - (member == 2))
        hand_in(seat)
    return tender, seats


def hand_in(seat: Evaluator, *, hours: float = 5) -> None:
    services_evaluation.submit_scores(
        actor=seat.user, tender=seat.tender, stand_by=True, now=after_deadline(seat.tender, hours=hours)
    )


def send_back(tender: Tender, *, hours: float = 6) -> None:
    services_evaluation.reopen_scores(
        actor=bureau_of(tender).officer, tender=tender, now=after_deadline(tender, hours=hours)
    )


def correct(seat: Evaluator, points: int, *, hours: float = 7) -> Score:
    """The member gives the first bid ``points`` for the objective factor."""
    score = Score.objects.filter(evaluator=seat, criterion__kind=CriterionKind.OBJECTIVE).order_by("opened_bid_id")[0]
    services_evaluation.save_scores(
        actor=seat.user,
        lot=score.criterion.lot,
        scores={score.opened_bid_id: {score.criterion_id: (points, score.note)}},
        now=after_deadline(seat.tender, hours=hours),
    )
    return score


def to(name: str, tender: Tender, *args: object) -> str:
    return reverse(f"procurement:{name}", args=[tender.pk, *args])


def trail(seat: Evaluator) -> str:
    return reverse("audit:trail", args=["procurement.evaluator", seat.pk])


def test_what_a_re_review_changed_is_kept_round_by_round() -> None:
    tender, seats = differing_tender()
    send_back(tender)
    before = correct(seats[2], 9)
    assert before.points == 8
    for seat in seats:
        hand_in(seat, hours=8)
    [change] = review.changes(tender)
    assert (change.seat_id, change.opened_bid.pk, change.before, change.after) == (
        seats[2].pk,
        before.opened_bid_id,
        Decimal(8),
        Decimal(9),
    )
    # The other two bids still differ: the sheets go back once more, and the first round keeps what it was.
    send_back(tender, hours=9)
    correct(seats[2], 7, hours=10)
    assert [(c.before, c.after) for c in review.changes(tender)] == [(8, 9), (9, 7)]
    assert len(review.times(tender)) == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        ReviewedScore.objects.update(points=1)


def test_changed_points_are_shown_when_all_have_handed_in_again(client_for, at) -> None:
    tender, seats = differing_tender()
    at(after_deadline(tender, hours=6))
    bureau = bureau_of(tender)
    officer = client_for(bureau.officer, language="en")
    # Which points differ stands beside the question whether to send the sheets back.
    assert "Member 1: 9; Member 2: 9; Member 3: 8" in officer.get(to("results", tender)).content.decode()
    send_back(tender)
    factor = Score.objects.filter(criterion__kind=CriterionKind.OBJECTIVE)[0].criterion
    assert "who differed on these objective factors" in officer.get(to("panel", tender)).content.decode()
    member = client_for(seats[2].user, language="en")
    assert factor.title_en in member.get(to("judge", tender)).content.decode()
    sheet = member.get(to("sheet", tender, 1)).content.decode()
    assert sheet.count("the members differed") == 3
    assert "before the re-review" not in sheet
    correct(seats[2], 9)
    sheet = member.get(to("sheet", tender, 1)).content.decode()
    assert sheet.count("before the re-review: 8") == 1
    # A colleague is told where, not what.
    other = client_for(seats[0].user, language="en").get(to("sheet", tender, 1)).content.decode()
    assert other.count("the members differed") == 3
    assert "before the re-review" not in other

    hand_in(seats[2], hours=8)
    assert "When all members have submitted" in member.get(to("judge", tender)).content.decode()
    # Before all have handed in again the points changed are for nobody but the member.
    assert officer.get(to("results", tender)).status_code == 404
    assert officer.get(trail(seats[2])).status_code == 404
    assert client_for(seats[0].user).get(trail(seats[2])).status_code == 404
    own = member.get(trail(seats[2])).content.decode()
    assert "8.00" in own
    hand_in(seats[0], hours=8)
    hand_in(seats[1], hours=8)
    assert to("results", tender) in member.get(to("judge", tender)).content.decode().split("<aside")[1]
    for person in (bureau.officer, bureau.approver, seats[0].user):
        text = client_for(person, language="en").get(to("results", tender)).content.decode()
        assert "Changed in the re-review" in text
        assert '<td class="n" data-label="Before">8.00</td><td class="n" data-label="After"><b>9.00</b></td>' in text
    recorded = officer.get(trail(seats[2])).content.decode()
    assert "points changed in the re-review" in recorded.lower()
    assert factor.title_en in recorded
    assert client_for(make_member(Role.OFFICER)).get(trail(seats[2])).status_code == 404
    csv = b"".join(officer.get(to("results_csv", tender)).streaming_content).decode()
    assert csv.count(",8.00\r\n") == 1


def test_the_record_says_also_that_nothing_was_changed() -> None:
    tender, seats = differing_tender()
    send_back(tender)
    with clock.rehearse(after_deadline(tender, hours=8)):
        hand_in(seats[0], hours=8)
    event = Event.objects.filter(action="evaluator.submit_scores", subject_id=str(seats[0].pk)).order_by("-pk")[0]
    assert event.data["points_changed"] == []
