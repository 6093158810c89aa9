"""The panel: drawn by a lottery anybody can repeat, free of ties, each member alone; and the ranking it leads to."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone, translation

from marketplace.accounts.models import CredentialKind, Role
from marketplace.audit.models import Event
from marketplace.core.errors import PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.procurement import errors_evaluation as errors
from marketplace.procurement import (
    panel,
    rules_evaluation,
    scoring,
    services_evaluation,
    services_failing,
    services_opening,
)
from marketplace.procurement.models import BidResult, Evaluator, OpenedBid, Score, Tender
from marketplace.procurement.selectors_evaluation import expert_pool, scored_criteria, valid_bids
from tests.factories.accounts import make_credential, make_member, make_membership, make_user
from tests.factories.evaluation import (
    after_deadline,
    bids_of,
    declare_all,
    draw,
    evaluated_tender,
    fill_sheet,
    judged_tender,
    make_expert,
    make_relation,
    open_tender,
    qualify_all,
    score_all,
    sealed_tender,
    some_points,
)
from tests.factories.procurement import bureau_of, make_plan

pytestmark = pytest.mark.django_db


def ready_tender(experts: int = 5, **kw):
    """Opened and checked, with ``experts`` registered."""
    tender, suppliers = sealed_tender(**kw)
    people = [make_expert() for _ in range(experts)]
    tender = open_tender(tender)
    qualify_all(tender)
    return tender, suppliers, people


def refused_by(error: DatabaseError) -> str:
    return str(error.__cause__.diag.constraint_name)


# The draw


def test_the_draw_can_be_repeated_from_what_is_recorded() -> None:
    tender, _suppliers, people = ready_tender(9)
    seats = draw(tender)
    assert len(seats) == 3
    assert {seat.state for seat in seats} == {"drawn"}
    record = seats[0].draw
    assert record["pool"] == sorted(p.pk for p in people)
    assert record["pool_size"] == 9
    # By hand, with nothing but the record and a digest function.
    order = sorted(record["pool"], key=lambda pk: scoring.ticket(record["seed"], pk))
    assert [seat.user_id for seat in seats] == order[:3]
    assert all(panel.repeat_draw(seat) for seat in seats)
    forged = seats[0]
    forged.draw = {**record, "seed": "another"}
    assert not panel.repeat_draw(forged) or order[0] == scoring.draw_order("another", record["pool"])[0]


def test_the_seed_is_the_bids_own_and_a_public_number_may_be_added() -> None:
    tender, _suppliers, _people = ready_tender(9)
    opened = Event.objects.get(action="tender.open").data["digest"]
    seats = draw(tender, seed="2026-11-30 开奖 07 12 19")
    assert seats[0].draw["seed"] == f"{opened}:2026-11-30 开奖 07 12 19"


def test_who_has_a_tie_or_a_part_is_never_drawn() -> None:
    tender, suppliers, free = ready_tender(3)
    bureau = bureau_of(tender)
    firm = suppliers[0][0]
    today = timezone.localdate(after_deadline(tender))
    tied = [make_expert() for _ in range(3)]
    make_membership(tied[0], firm, Role.LAWYER)
    make_membership(
        tied[1],
        firm,
        Role.LAWYER,
        state="ended",
        valid_to=today - timedelta(days=700),
        valid_from=today - timedelta(days=900),
    )
    make_relation(tied[2], firm)
    of_buyer = make_expert()
    make_membership(of_buyer, bureau.organisation, Role.FINANCE)
    expired = make_user(home_region=free[0].home_region)
    make_credential(
        expired,
        kind=CredentialKind.EXPERT,
        valid_from=today - timedelta(days=900),
        valid_until=today - timedelta(days=1),
    )
    unverified = make_user(home_region=free[0].home_region)
    make_credential(unverified, kind=CredentialKind.EXPERT, verified=False)
    lawyer_only = make_user(home_region=free[0].home_region)
    make_credential(lawyer_only)
    seats = draw(tender)
    assert {seat.user for seat in seats} == set(free)
    assert {p.pk for p in expert_pool(tender, 0, today)} == {p.pk for p in [*free, *tied]}
    # One more seat is wanted than there are people: nobody tied is taken instead.
    left = seats[0]
    replacement = services_evaluation.recuse(
        actor=left.user, tender=tender, reason="与某投标人的负责人是同学。", now=after_deadline(tender, hours=4)
    )
    assert replacement is None


def test_an_expert_listed_by_the_buyers_bureau_may_be_drawn() -> None:
    tender, _suppliers, people = ready_tender(2)
    listed = make_expert()
    make_membership(listed, bureau_of(tender).organisation, Role.EXPERT)
    assert {seat.user for seat in draw(tender)} == {*people, listed}


def test_the_pool_widens_to_the_province_and_the_nation() -> None:
    tender, _suppliers, _people = ready_tender(1)
    neighbour = make_expert(region=522631000000)  # the same prefecture
    far = make_expert(region=110101000000)
    seats = draw(tender)
    assert {seat.user for seat in seats} >= {neighbour, far}
    assert {seat.draw["area"] for seat in seats} == {0}


def test_too_few_experts_seat_nobody() -> None:
    tender, _suppliers, _people = ready_tender(2)
    with pytest.raises(errors.PoolTooSmall):
        draw(tender)
    assert not Evaluator.objects.exists()


@pytest.mark.parametrize(
    ("method", "experts", "representatives", "lawful"),
    [
        ("consultation", 3, 0, True),
        ("consultation", 2, 1, True),
        ("consultation", 2, 0, False),
        ("consultation", 4, 0, False),
        ("consultation", 1, 2, False),
        ("consultation", 3, 2, False),
        ("open", 3, 0, False),
        ("open", 5, 0, True),
        ("open", 4, 1, True),
        ("open", 3, 2, False),
    ],
)
def test_the_size_and_make_of_the_panel(method: str, experts: int, representatives: int, lawful: bool) -> None:
    tender, _suppliers, _people = ready_tender(6, plan=make_plan(method=method))
    people = [make_member(Role.OFFICER, bureau_of(tender).organisation) for _ in range(representatives)]
    if not lawful:
        with pytest.raises(errors.PanelUnlawful):
            draw(tender, experts=experts, representatives=people)
        assert not Evaluator.objects.exists()
        return
    seats = draw(tender, experts=experts, representatives=people)
    assert [seat.is_expert for seat in seats] == [True] * experts + [False] * representatives


def test_who_drafted_approved_or_holds_a_key_does_not_represent_the_buyer() -> None:
    tender, suppliers, _people = ready_tender(4)
    bureau = bureau_of(tender)
    tied = make_member(Role.OFFICER, bureau.organisation)
    make_relation(tied, suppliers[0][0])
    for person in (bureau.officer, bureau.approver, bureau.holders[0], make_member(Role.OFFICER), tied):
        with pytest.raises(errors.PanelUnlawful):
            draw(tender, experts=2, representatives=[person])
    assert not Evaluator.objects.exists()


def test_a_complex_matter_needs_a_law_expert() -> None:
    tender, _suppliers, _people = ready_tender(0)
    lay = [make_expert(law=False) for _ in range(6)]
    with pytest.raises(errors.NoLawExpert):
        draw(tender, complex_matter=True)
    lawyer = make_expert()
    seats = draw(tender, complex_matter=True)
    assert lawyer in {seat.user for seat in seats}
    assert sum(seat.is_law_expert for seat in seats) == 1
    assert len({seat.user for seat in seats} & set(lay)) == 2


def test_a_draw_before_the_check_is_done_or_by_others_is_refused() -> None:
    tender, _suppliers = sealed_tender()
    for _ in range(4):
        make_expert()
    with pytest.raises(IllegalTransition):
        draw(tender)
    tender = open_tender(tender)
    with pytest.raises(errors.CheckIncomplete):
        draw(tender)
    qualify_all(tender)
    for person in (bureau_of(tender).approver, bureau_of(tender).holders[0], make_member(Role.OFFICER)):
        with pytest.raises(PermissionRefused):
            services_evaluation.draw_evaluators(
                actor=person, tender=tender, experts_needed=3, now=after_deadline(tender, hours=3)
            )
    assert not Evaluator.objects.exists()
    draw(tender)
    with pytest.raises(errors.PanelComplete):
        draw(tender)


def test_at_the_draw_lots_that_the_check_left_short_fail() -> None:
    tender, _suppliers = sealed_tender([(270_000, 280_000), (270_000, 280_000)])
    for _ in range(4):
        make_expert()
    tender = open_tender(tender)
    bad = bids_of(tender.lots.get(number=2))[0]
    services_opening.check_qualification(
        actor=bureau_of(tender).officer,
        opened_bid=bad,
        qualified=False,
        reason="无执业许可证。",
        now=after_deadline(tender),
    )
    qualify_all(tender)
    draw(tender)
    assert tender.lots.get(number=2).failure.ground == "too_few"
    assert bids_of(tender.lots.get(number=2))[0].bid.state == "invalid"
    assert not hasattr(tender.lots.get(number=1), "failure")


@pytest.mark.parametrize("who", ["drafter", "approver", "holder", "bidder"])
def test_the_database_seats_nobody_with_a_part_in_the_tender(who: str) -> None:
    tender, suppliers, _people = ready_tender(0)
    bureau = bureau_of(tender)
    person = {
        "drafter": bureau.officer,
        "approver": bureau.approver,
        "holder": bureau.holders[0],
        "bidder": suppliers[0][0].memberships.first().user,
    }[who]
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        Evaluator.objects.create(tender=tender, user=person)
    assert refused_by(refusal.value) == "evaluator_has_no_part"


# Declaring and stepping back


def test_only_who_has_declared_sees_the_bids() -> None:
    tender, _suppliers, _people = ready_tender()
    seat = draw(tender)[0]
    member = seat.user
    assert not rules_evaluation.can_see_bids(member, tender)
    with pytest.raises(errors.NotDeclared):
        services_evaluation.save_scores(
            actor=member, lot=tender.lots.get(), scores={}, now=after_deadline(tender, hours=4)
        )
    with pytest.raises(errors.ReasonMissing):
        services_evaluation.declare(actor=member, tender=tender, statement=" ", now=after_deadline(tender))
    services_evaluation.declare(
        actor=member, tender=tender, statement="本人与各投标人无利害关系。", now=after_deadline(tender, hours=4)
    )
    assert rules_evaluation.can_see_bids(member, tender)
    stranger = make_expert()
    assert not rules_evaluation.can_see_bids(stranger, tender)
    with pytest.raises(errors.NotOnPanel):
        services_evaluation.declare(actor=stranger, tender=tender, statement="无", now=after_deadline(tender))


def test_a_tie_recorded_after_the_draw_bars_the_declaration() -> None:
    tender, suppliers, _people = ready_tender()
    seat = draw(tender)[0]
    make_relation(seat.user, suppliers[0][0])
    with pytest.raises(errors.HasConflict):
        services_evaluation.declare(actor=seat.user, tender=tender, statement="无", now=after_deadline(tender, hours=4))
    seat.refresh_from_db()
    assert seat.state == "drawn"
    assert not rules_evaluation.can_see_bids(seat.user, tender)


def test_who_steps_back_sees_no_more_and_the_next_of_the_lottery_takes_over() -> None:
    tender, _suppliers, _people = ready_tender(6)
    seats = draw(tender)
    declare_all(tender)
    left = seats[1]
    order = scoring.draw_order(left.draw["seed"], left.draw["pool"])
    with pytest.raises(errors.ReasonMissing):
        services_evaluation.recuse(actor=left.user, tender=tender, reason="", now=after_deadline(tender, hours=5))
    replacement = services_evaluation.recuse(
        actor=left.user, tender=tender, reason="亲属在投标人处任职。", now=after_deadline(tender, hours=5)
    )
    left.refresh_from_db()
    assert (left.state, left.recusal_reason) == ("recused", "亲属在投标人处任职。")
    assert replacement.user_id == order[3]
    assert replacement.replaces == left
    assert replacement.state == "drawn"
    assert panel.repeat_draw(replacement)
    assert not rules_evaluation.can_see_bids(left.user, tender)
    with pytest.raises(errors.NotDeclared):
        services_evaluation.save_scores(
            actor=left.user, lot=tender.lots.get(), scores={}, now=after_deadline(tender, hours=6)
        )
    with pytest.raises(IllegalTransition):
        services_evaluation.declare(actor=left.user, tender=tender, statement="无", now=after_deadline(tender, hours=6))
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        Evaluator.objects.filter(pk=left.pk).update(state="declared")
    assert refused_by(refusal.value) == "evaluator_state_path"


def test_an_empty_seat_waits_for_a_wider_pool() -> None:
    tender, _suppliers, _people = ready_tender(3)
    seats = draw(tender)
    officer = bureau_of(tender).officer
    with pytest.raises(PermissionRefused):
        services_evaluation.recuse(
            actor=bureau_of(tender).approver, tender=tender, reason="x", evaluator=seats[0], now=after_deadline(tender)
        )
    replacement = services_evaluation.recuse(
        actor=officer, tender=tender, reason="未到场。", evaluator=seats[0], now=after_deadline(tender, hours=4)
    )
    assert replacement is None
    declare_all(tender)
    score_all(tender)
    with pytest.raises(errors.NotAllHandedIn):
        services_evaluation.compute_results(actor=officer, tender=tender, now=after_deadline(tender, hours=6))
    newcomer = make_expert()
    [seat] = draw(tender)
    assert (seat.user, seat.replaces) == (newcomer, seats[0])
    declare_all(tender)
    score_all(tender)
    services_evaluation.compute_results(actor=officer, tender=tender, now=after_deadline(tender, hours=6))


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
        assert refused_by(refusal.value) == rule
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
        assert refused_by(refusal.value) == "score_by_declared_evaluator"
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        Evaluator.objects.filter(pk=seats[0].pk).update(state="declared")
    assert refused_by(refusal.value) == "evaluator_state_path"
    seats[0].refresh_from_db()
    assert services_evaluation.sheet_digest(seats[0]) == digest


def test_a_drawn_evaluator_writes_no_score_even_by_sql() -> None:
    tender, _suppliers, _people = ready_tender()
    seat = draw(tender)[0]
    bid, factor = cell(tender)
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        Score.objects.create(evaluator=seat, opened_bid=bid, criterion=factor, points=1)
    assert refused_by(refusal.value) == "score_by_declared_evaluator"


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
    assert refused_by(by_database.value) == "re_review_is_objective"
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


def test_nobody_declares_or_is_drawn_for_a_procurement_that_is_over() -> None:
    tender, _ = sealed_tender()
    for _ in range(5):
        make_expert()
    tender = open_tender(tender)
    qualify_all(tender)
    one, two, three = draw(tender)
    now = after_deadline(tender, hours=5)
    services_failing.fail_tender(
        actor=bureau_of(tender).approver, tender=tender, ground="cancelled", note="任务取消。", now=now
    )
    with pytest.raises(IllegalTransition):
        services_evaluation.declare(actor=one.user, tender=tender, statement="无利害关系。", now=now)
    with pytest.raises(IllegalTransition):
        services_evaluation.recuse(actor=two.user, tender=tender, reason="出差", now=now)
    with pytest.raises(IllegalTransition):
        services_evaluation.recuse(
            actor=bureau_of(tender).officer, tender=tender, reason="出差", evaluator=three, now=now
        )
    assert list(Evaluator.objects.values_list("state", flat=True)) == ["drawn"] * 3
