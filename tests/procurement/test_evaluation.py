"""Each member alone, sheets that are locked and reviewed, and the ranking they lead to."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.core.errors import PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.procurement import errors_evaluation as errors
from marketplace.procurement import (
    rules_evaluation,
    services_evaluation,
)
from marketplace.procurement.models import BidResult, Evaluator, OpenedBid, Score, Tender
from marketplace.procurement.selectors_evaluation import scored_criteria, valid_bids
from marketplace.procurement.workspace_evaluation import work_items
from tests.factories.accounts import make_member, make_user
from tests.factories.evaluation import (
    after_deadline,
    declare_all,
    draw,
    evaluated_tender,
    fill_sheet,
    judged_tender,
    make_expert,
    ready_tender,
    some_points,
)
from tests.factories.procurement import bureau_of

pytestmark = pytest.mark.django_db


# Scores


def cell(tender: Tender, kind: str = "judged"):
    lot = tender.lots.get()
    return valid_bids(lot)[0], next(c for c in scored_criteria(lot) if c.kind == kind)


def declared_tender(experts: int = 5, **kw):
    tender, _suppliers, _people = ready_tender(experts, **kw)
    seats = draw(tender)
    declare_all(tender)
    return tender, [Evaluator.objects.get(pk=seat.pk) for seat in seats]


@pytest.mark.parametrize("points", ["-1", "-0.01", "over", "1.001", "NaN", "Infinity", "many", ""])
def test_points_lie_within_their_factor(points: str) -> None:
    tender, seats = declared_tender()
    bid, factor = cell(tender)
    value = str(factor.points + Decimal("0.01")) if points == "over" else points
    with pytest.raises(errors.ScoreNotFit):
        services_evaluation.save_scores(
            actor=seats[0].user,
            lot=bid.bid.lot,
            scores={bid.pk: {factor.pk: (value, "")}},
            now=after_deadline(tender, hours=5),
        )
    assert not Score.objects.exists()


def test_price_strange_factors_and_strange_bids_are_not_scored() -> None:
    tender, seats = declared_tender()
    bid, factor = cell(tender)
    price = bid.bid.lot.criteria.get(kind="price")
    other, _ = declared_tender()
    strange_bid, strange_factor = cell(other)
    for b, f in ((bid.pk, price.pk), (bid.pk, strange_factor.pk), (strange_bid.pk, factor.pk)):
        with pytest.raises(errors.ScoreNotFit):
            services_evaluation.save_scores(
                actor=seats[0].user, lot=bid.bid.lot, scores={b: {f: (1, "")}}, now=after_deadline(tender, hours=5)
            )
    for b, f, points, rule in (
        (bid.pk, price.pk, 1, "score_within_factor"),
        (bid.pk, factor.pk, factor.points + 1, "score_within_factor"),
        (strange_bid.pk, factor.pk, 1, "score_of_own_bid"),
        (strange_bid.pk, strange_factor.pk, 1, "score_of_own_bid"),
    ):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic():
            Score.objects.create(evaluator=seats[0], opened_bid_id=b, criterion_id=f, points=points)
        assert refusal.value.__cause__.diag.constraint_name == rule
    assert not Score.objects.exists()


def test_a_sheet_may_be_saved_in_parts_and_changed_until_it_is_handed_in() -> None:
    tender, seats = declared_tender()
    member = seats[0].user
    bid, factor = cell(tender)
    now = after_deadline(tender, hours=5)
    lot = bid.bid.lot
    assert (
        services_evaluation.save_scores(actor=member, lot=lot, scores={bid.pk: {factor.pk: ("3.5", "可行")}}, now=now)
        == 1
    )
    assert (
        services_evaluation.save_scores(actor=member, lot=lot, scores={bid.pk: {factor.pk: ("3.50", "可行")}}, now=now)
        == 0
    )
    assert (
        services_evaluation.save_scores(actor=member, lot=lot, scores={bid.pk: {factor.pk: (4, "更好")}}, now=now) == 1
    )
    score = Score.objects.get()
    assert (score.points, score.note, score.evaluator) == (Decimal("4.00"), "更好", seats[0])
    with pytest.raises(errors.SheetIncomplete) as refusal:
        services_evaluation.submit_scores(actor=member, tender=tender, now=now)
    wanted = len(scored_criteria(lot)) * 3 - 1
    with translation.override("en"):
        assert str(wanted) in str(refusal.value)


def test_all_or_nothing_of_a_judged_factor_needs_a_word() -> None:
    tender, seats = declared_tender()
    fill_sheet(seats[0])
    bid, factor = cell(tender)
    now = after_deadline(tender, hours=5)
    for points in (0, factor.points):
        services_evaluation.save_scores(
            actor=seats[0].user, lot=bid.bid.lot, scores={bid.pk: {factor.pk: (points, "")}}, now=now
        )
        with pytest.raises(errors.ScoreNotFit):
            services_evaluation.submit_scores(actor=seats[0].user, tender=tender, now=now)
    services_evaluation.save_scores(
        actor=seats[0].user, lot=bid.bid.lot, scores={bid.pk: {factor.pk: (factor.points, "逐村排班，最优。")}}, now=now
    )
    assert services_evaluation.submit_scores(actor=seats[0].user, tender=tender, now=now).state == "submitted"


def test_what_is_handed_in_is_locked_against_service_and_sql() -> None:
    tender, seats = declared_tender()
    fill_sheet(seats[0])
    now = after_deadline(tender, hours=5)
    services_evaluation.submit_scores(actor=seats[0].user, tender=tender, now=now)
    bid, factor = cell(tender)
    digest = Event.objects.get(action="evaluator.submit_scores").data["digest"]
    with pytest.raises(errors.SheetLocked):
        services_evaluation.save_scores(
            actor=seats[0].user, lot=bid.bid.lot, scores={bid.pk: {factor.pk: (1, "")}}, now=now
        )
    with pytest.raises(errors.SheetLocked):
        services_evaluation.submit_scores(actor=seats[0].user, tender=tender, now=now)
    score = Score.objects.filter(evaluator=seats[0]).first()
    for sql in (
        "UPDATE procurement_score SET points = 0 WHERE id = %(id)s",
        "DELETE FROM procurement_score WHERE id = %(id)s",
        """INSERT INTO procurement_score (evaluator_id, opened_bid_id, criterion_id, points, note)
           SELECT evaluator_id, opened_bid_id, criterion_id + 1, 1, '' FROM procurement_score WHERE id = %(id)s""",
    ):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, {"id": score.pk})
        assert refusal.value.__cause__.diag.constraint_name == "score_by_declared_evaluator"
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        Evaluator.objects.filter(pk=seats[0].pk).update(state="declared")
    assert refusal.value.__cause__.diag.constraint_name == "evaluator_state_path"
    seats[0].refresh_from_db()
    assert services_evaluation.sheet_digest(seats[0]) == digest


def test_a_drawn_evaluator_writes_no_score_even_by_sql() -> None:
    tender, _suppliers, _people = ready_tender()
    seat = draw(tender)[0]
    bid, factor = cell(tender)
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        Score.objects.create(evaluator=seat, opened_bid=bid, criterion=factor, points=1)
    assert refusal.value.__cause__.diag.constraint_name == "score_by_declared_evaluator"


def test_nobody_sees_anothers_points_before_all_have_handed_in() -> None:
    tender, seats = declared_tender()
    officer = bureau_of(tender).officer
    now = after_deadline(tender, hours=5)
    for member, seat in enumerate(seats):
        fill_sheet(seat, member)
    for seat in seats[:2]:
        services_evaluation.submit_scores(actor=seat.user, tender=tender, now=now)
    for person in (officer, bureau_of(tender).approver, seats[0].user, seats[2].user, make_user(is_superuser=True)):
        assert not rules_evaluation.can_see_scores(person, tender)
    services_evaluation.submit_scores(actor=seats[2].user, tender=tender, now=now)
    for person in (officer, seats[0].user, seats[2].user):
        assert rules_evaluation.can_see_scores(person, tender)
    assert not rules_evaluation.can_see_scores(make_expert(), tender)
    assert not rules_evaluation.can_see_scores(make_member(Role.OFFICER), tender)


def off_by_one(member: int, bid: OpenedBid, criterion) -> Decimal:
    points = some_points(member, bid, criterion)
    return points - 1 if criterion.kind == "objective" and member == 2 else points


def test_objective_points_that_differ_are_told_before_and_reviewed_after() -> None:
    tender, seats = declared_tender(objective=True)
    officer = bureau_of(tender).officer
    now = after_deadline(tender, hours=5)
    for member, seat in enumerate(seats):
        fill_sheet(seat, member, off_by_one)
    for seat in seats[:2]:
        services_evaluation.submit_scores(actor=seat.user, tender=tender, now=now)
    last = seats[2]
    with pytest.raises(errors.ObjectiveScoresDiffer) as refusal:
        services_evaluation.submit_scores(actor=last.user, tender=tender, now=now)
    bid, factor = cell(tender, "objective")
    assert factor.title in str(refusal.value)
    assert f"{some_points(0, bid, factor).normalize():f}" not in str(refusal.value).replace(factor.title, "")
    services_evaluation.submit_scores(actor=last.user, tender=tender, stand_by=True, now=now)
    with pytest.raises(errors.ObjectiveScoresDiffer):
        services_evaluation.compute_results(actor=officer, tender=tender, now=now)
    with pytest.raises(PermissionRefused):
        services_evaluation.reopen_scores(actor=bureau_of(tender).approver, tender=tender, now=now)
    services_evaluation.reopen_scores(actor=officer, tender=tender, now=now)
    # In the re-review judged points stay as they were handed in.
    _bid, judged = cell(tender)
    with pytest.raises(errors.ScoreNotFit):
        services_evaluation.save_scores(
            actor=last.user, lot=bid.bid.lot, scores={bid.pk: {judged.pk: ("0.5", "x")}}, now=now
        )
    with pytest.raises(DatabaseError) as by_database, transaction.atomic():
        Score.objects.filter(evaluator=last, criterion=judged).update(points=0)
    assert by_database.value.__cause__.diag.constraint_name == "re_review_is_objective"
    services_evaluation.save_scores(
        actor=last.user,
        lot=bid.bid.lot,
        scores={b.pk: {factor.pk: (some_points(2, b, factor), "已复核。")} for b in valid_bids(bid.bid.lot)},
        now=now,
    )
    for seat in seats:
        services_evaluation.submit_scores(actor=seat.user, tender=tender, now=now)
    assert services_evaluation.compute_results(actor=officer, tender=tender, now=now)
    with pytest.raises(IllegalTransition):
        services_evaluation.reopen_scores(actor=officer, tender=tender, now=now)


def test_members_hear_that_their_sheets_came_back(mailoutbox, django_capture_on_commit_callbacks, in_english) -> None:
    tender, seats = declared_tender(objective=True)
    now = after_deadline(tender, hours=5)
    for member, seat in enumerate(seats):
        seat.user.email = f"member{member}@example.org"
        seat.user.save()
        fill_sheet(seat, member, off_by_one)
        services_evaluation.submit_scores(actor=seat.user, tender=tender, stand_by=True, now=now)
    bid, factor = cell(tender, "objective")
    with django_capture_on_commit_callbacks(execute=True):
        services_evaluation.reopen_scores(actor=bureau_of(tender).officer, tender=tender, now=now)
    assert sorted(letter.to[0] for letter in mailoutbox) == [f"member{n}@example.org" for n in range(3)]
    assert "Objective points differ between the members." in mailoutbox[0].body
    [item] = work_items(seats[0].user, now)
    assert item.title == "Your sheet came back: check the objective points, submit again"
    reason = Event.objects.filter(action="evaluator.reopen").first().reason
    assert reason.startswith(f"Lot 1, {bid.bid.supplier.name_en}: {factor.title_en}; Lot 1, ")


def test_sheets_that_agree_are_not_sent_back() -> None:
    tender = judged_tender(objective=True)
    with pytest.raises(errors.NothingToReview):
        services_evaluation.reopen_scores(
            actor=bureau_of(tender).officer, tender=tender, now=after_deadline(tender, hours=6)
        )
    assert set(tender.evaluators.values_list("state", flat=True)) == {"submitted"}


# Results


def half_up(value: Fraction) -> Decimal:
    return Decimal((value * 100 + Fraction(1, 2)).__floor__()) / 100


def test_the_ranking_is_what_anybody_computes_from_the_sheets() -> None:
    tender = evaluated_tender(prices=[(270_000, 288_000, 299_000), (200_000, 210_000)], small={(0, 1)})
    assert tender.state == "evaluated"
    for lot in tender.lots.all():
        bids = valid_bids(lot)
        weight = Fraction(lot.criteria.get(kind="price").points)
        adjusted = {b.pk: Fraction(b.price.amount) * (Fraction(85, 100) if b.small_or_micro else 1) for b in bids}
        totals = {}
        for bid in bids:
            sums = [
                sum((Fraction(s.points) for s in bid.scores.filter(evaluator=seat)), Fraction(0))
                for seat in tender.evaluators.all()
            ]
            totals[bid.pk] = half_up(min(adjusted.values()) / adjusted[bid.pk] * weight) + half_up(
                sum(sums) / len(sums)
            )
        results = list(BidResult.objects.filter(opened_bid__bid__lot=lot).order_by("rank"))
        assert {r.opened_bid_id: r.total_points for r in results} == totals
        assert [r.rank for r in results] == list(range(1, len(bids) + 1))
        assert [r.total_points for r in results] == sorted(totals.values(), reverse=True)
        for r in results:
            how = r.explanation
            assert (
                half_up(Fraction(how["base"]) * Fraction(how["price_weight"]) / Fraction(how["adjusted"]))
                == r.price_points
            )
            assert half_up(sum(map(Fraction, how["members"])) / len(how["members"])) == r.other_points
            assert how["of"] == len(bids)


def test_results_wait_for_all_and_are_computed_once_by_an_officer() -> None:
    tender, seats = declared_tender()
    bureau = bureau_of(tender)
    now = after_deadline(tender, hours=6)
    fill_sheet(seats[0])
    services_evaluation.submit_scores(actor=seats[0].user, tender=tender, now=now)
    with pytest.raises(errors.NotAllHandedIn):
        services_evaluation.compute_results(actor=bureau.officer, tender=tender, now=now)
    assert not BidResult.objects.exists()
    for member, seat in enumerate(seats[1:], start=1):
        fill_sheet(seat, member)
        services_evaluation.submit_scores(actor=seat.user, tender=tender, now=now)
    for person in (bureau.approver, seats[0].user, make_member(Role.OFFICER)):
        with pytest.raises(PermissionRefused):
            services_evaluation.compute_results(actor=person, tender=tender, now=now)
    services_evaluation.compute_results(actor=bureau.officer, tender=tender, now=now)
    with pytest.raises(IllegalTransition):
        services_evaluation.compute_results(actor=bureau.officer, tender=tender, now=now)
    result = BidResult.objects.first()
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        BidResult.objects.filter(pk=result.pk).update(rank=9)
    with pytest.raises(errors.SheetLocked):
        services_evaluation.save_scores(actor=seats[0].user, lot=tender.lots.get(), scores={}, now=now)
