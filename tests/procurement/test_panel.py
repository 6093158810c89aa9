"""Who sits on the panel: drawn by a lottery anybody can repeat, free of ties, declared, and replaced in order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

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
    services_panel,
)
from marketplace.procurement.models import Evaluator
from marketplace.procurement.selectors_evaluation import expert_pool
from tests.factories.accounts import make_credential, make_member, make_membership, make_user
from tests.factories.evaluation import (
    after_deadline,
    bids_of,
    declare_all,
    draw,
    make_expert,
    make_relation,
    open_tender,
    qualify_all,
    ready_tender,
    score_all,
    sealed_tender,
)
from tests.factories.procurement import bureau_of, make_plan

pytestmark = pytest.mark.django_db


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
    replacement = services_panel.recuse(
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
            services_panel.draw_evaluators(
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
    assert refusal.value.__cause__.diag.constraint_name == "evaluator_has_no_part"


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
        services_panel.declare(actor=member, tender=tender, statement=" ", now=after_deadline(tender))
    services_panel.declare(
        actor=member, tender=tender, statement="本人与各投标人无利害关系。", now=after_deadline(tender, hours=4)
    )
    assert rules_evaluation.can_see_bids(member, tender)
    stranger = make_expert()
    assert not rules_evaluation.can_see_bids(stranger, tender)
    with pytest.raises(errors.NotOnPanel):
        services_panel.declare(actor=stranger, tender=tender, statement="无", now=after_deadline(tender))


def test_a_tie_recorded_after_the_draw_bars_the_declaration() -> None:
    tender, suppliers, _people = ready_tender()
    seat = draw(tender)[0]
    make_relation(seat.user, suppliers[0][0])
    with pytest.raises(errors.HasConflict):
        services_panel.declare(actor=seat.user, tender=tender, statement="无", now=after_deadline(tender, hours=4))
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
        services_panel.recuse(actor=left.user, tender=tender, reason="", now=after_deadline(tender, hours=5))
    replacement = services_panel.recuse(
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
        services_panel.declare(actor=left.user, tender=tender, statement="无", now=after_deadline(tender, hours=6))
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        Evaluator.objects.filter(pk=left.pk).update(state="declared")
    assert refusal.value.__cause__.diag.constraint_name == "evaluator_state_path"


def test_an_empty_seat_waits_for_a_wider_pool() -> None:
    tender, _suppliers, _people = ready_tender(3)
    seats = draw(tender)
    officer = bureau_of(tender).officer
    with pytest.raises(PermissionRefused):
        services_panel.recuse(
            actor=bureau_of(tender).approver, tender=tender, reason="x", evaluator=seats[0], now=after_deadline(tender)
        )
    replacement = services_panel.recuse(
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
        services_panel.declare(actor=one.user, tender=tender, statement="无利害关系。", now=now)
    with pytest.raises(IllegalTransition):
        services_panel.recuse(actor=two.user, tender=tender, reason="出差", now=now)
    with pytest.raises(IllegalTransition):
        services_panel.recuse(actor=bureau_of(tender).officer, tender=tender, reason="出差", evaluator=three, now=now)
    assert list(Evaluator.objects.values_list("state", flat=True)) == ["drawn"] * 3
