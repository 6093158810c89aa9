"""What waits for whom between the deadline and the award: on the desk, and on the tender's page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from marketplace.accounts.models import Role
from marketplace.core import clock
from marketplace.procurement import services_evaluation, services_opening, services_panel
from marketplace.procurement.actions_evaluation import actions
from marketplace.procurement.errors_evaluation import NotAllHandedIn
from marketplace.procurement.models import Award, Evaluator, OpenedBid, Tender
from marketplace.procurement.workspace_evaluation import work_items
from tests.factories.accounts import make_member
from tests.factories.evaluation import (
    after_deadline,
    awarded_tender,
    declare_all,
    declared_tender,
    draw,
    evaluated_tender,
    fill_sheet,
    make_expert,
    open_tender,
    qualify_all,
    release,
    score_all,
    sealed_tender,
)
from tests.factories.procurement import bureau_of

pytestmark = pytest.mark.django_db


def desk(user, now) -> list[tuple[str, str]]:
    """(last part of the address, tone) of what waits."""
    return [(item.url.rstrip("/").split("/")[-1], item.tone) for item in work_items(user, now)]


def page(user, tender: Tender, now) -> list[tuple[str, str]]:
    return [(url.rstrip("/").split("/")[-1], tone) for _label, url, tone, _why in actions(user, tender, now)]


def test_the_work_goes_from_hand_to_hand() -> None:
    tender, _ = sealed_tender()
    people = [make_expert() for _ in range(3)]
    bureau = bureau_of(tender)
    early, now = tender.bid_deadline, after_deadline(tender)
    assert all(page(person, tender, early) == [] for person in (bureau.officer, bureau.approver, *bureau.holders))
    assert all(desk(person, early) == [] for person in (bureau.officer, bureau.approver))
    assert all(desk(person, early) == [("opening", "soon")] for person in bureau.holders)  # with their passphrase
    assert desk(bureau.holders[0], now) == [("opening", "now")]
    assert page(bureau.holders[0], tender, now) == [("opening", "now")]
    assert desk(bureau.officer, now) == [("opening", "wait")]
    release(tender)
    assert desk(bureau.holders[0], now) == []
    assert desk(bureau.officer, now) == [("opening", "now")]
    assert page(bureau.officer, tender, now) == [("opening", "now"), ("fail", "stop")]
    nearly = make_member(Role.OFFICER)
    assert desk(nearly, now) == []
    assert page(nearly, tender, now) == []

    tender = open_tender(tender)
    assert desk(bureau.officer, now) == [("check", "now")]
    qualify_all(tender)
    assert desk(bureau.officer, now) == [("panel", "now")]
    draw(tender)
    assert desk(bureau.officer, now) == [("panel", "wait")]
    seats = list(Evaluator.objects.filter(tender=tender))
    assert {seat.user for seat in seats} == set(people)
    assert all(desk(person, now) == [("judge", "now")] for person in people)
    assert page(people[0], tender, now) == [("judge", "now")]
    declare_all(tender)
    score_all(tender)
    assert all(desk(person, now) == [] for person in people)
    assert desk(bureau.officer, now) == [("results", "now")]
    assert desk(bureau.approver, now) == []
    services_evaluation.compute_results(actor=bureau.officer, tender=tender, now=after_deadline(tender, hours=6))
    assert desk(bureau.officer, now) == []
    [item] = work_items(bureau.approver, now)
    assert item.url.endswith("/award/")
    assert item.due_at is not None
    tender = Tender.objects.get(pk=tender.pk)
    assert ("award", "now") in page(bureau.approver, tender, now)


def test_before_the_ranking_the_officer_settles_objective_differences() -> None:
    tender = declared_tender(objective=True)
    officer, now = bureau_of(tender).officer, after_deadline(tender, hours=5)
    for number, seat in enumerate(Evaluator.objects.filter(tender=tender).order_by("pk")):
        fill_sheet(seat, number, lambda member, bid, c: c.points - 1 - (member == 2))
        services_evaluation.submit_scores(actor=seat.user, tender=tender, stand_by=True, now=now)
    with override("en"):
        [item] = work_items(officer, now)
        [label, url, tone, _why] = next(actions(officer, tender, now))
    assert item.title == "Objective points differ: send the sheets back"
    assert (label, tone, url) == ("Send the sheets back", "now", item.url)
    services_evaluation.reopen_scores(actor=officer, tender=tender, now=now)
    assert desk(officer, now) == [("panel", "wait")]


def test_an_empty_seat_is_filled_before_anything_is_computed_or_shown(client_for) -> None:
    tender, _ = sealed_tender()
    people = [make_expert() for _ in range(3)]
    tender = open_tender(tender)
    qualify_all(tender)
    draw(tender)
    officer, now = bureau_of(tender).officer, after_deadline(tender, hours=5)
    # Nobody is left in the pool to take the seat.
    services_panel.recuse(actor=people[0], tender=tender, reason="亲属在投标人处任职", now=now)
    declare_all(tender)
    score_all(tender)
    assert desk(officer, now) == [("panel", "now")]
    assert page(officer, tender, now) == [("panel", "now"), ("fail", "stop")]
    # Whoever takes the seat must not judge by what the others gave.
    results = reverse("procurement:results", args=[tender.pk])
    assert client_for(officer).get(results).status_code == 404
    with override("en"), pytest.raises(NotAllHandedIn, match=r"^1 members"):
        services_evaluation.compute_results(actor=officer, tender=tender, now=now)
    make_expert()
    draw(tender)
    declare_all(tender)
    score_all(tender)
    assert client_for(officer).get(results).status_code == 200


def test_who_drafted_is_not_asked_to_decide() -> None:
    tender = evaluated_tender()
    drafter = make_member(Role.APPROVER, tender.organisation, user=bureau_of(tender).officer)
    assert desk(drafter, after_deadline(tender, hours=9)) == []


def test_each_bidder_is_led_to_its_own_letter() -> None:
    tender = awarded_tender()
    now = after_deadline(tender, hours=40)
    for opened in OpenedBid.objects.all():
        found = [url for _label, url, _tone, _why in actions(opened.bid.submitted_by, tender, now)]
        assert found == [f"/procurement/letters/{opened.bid.receipt_id}/"]


def test_the_officer_is_led_on_to_the_contract(client_for) -> None:
    tender = awarded_tender()
    now = after_deadline(tender, hours=40)
    [award] = Award.objects.filter(lot__tender=tender)
    officer, stranger = bureau_of(tender).officer, make_member(Role.OFFICER)
    address = f"/contracts/draft/{award.pk}/"
    assert address in [url for _label, url, _tone, _why in actions(officer, tender, now)]
    assert address not in [url for _label, url, _tone, _why in actions(stranger, tender, now)]
    with clock.rehearse(now):
        assert client_for(officer).get(address).status_code == 200


def test_the_bidders_of_a_failed_lot_are_told(mailoutbox, django_capture_on_commit_callbacks) -> None:
    tender, _ = sealed_tender([(270_000, 280_000), (250_000,)])
    release(tender)
    for number, bid in enumerate(tender.lots.get(number=2).bids.all()):
        bid.submitted_by.email = f"lone{number}@firm.example"
        bid.submitted_by.save()
    now = after_deadline(tender)
    with clock.rehearse(now), django_capture_on_commit_callbacks(execute=True):
        services_opening.open_bids(actor=bureau_of(tender).officer, tender=tender, now=now)
    [mail] = mailoutbox
    assert mail.to == ["lone0@firm.example"]
    assert tender.reference in mail.body


def test_the_desk_asks_a_fixed_number_of_questions() -> None:
    counts = []
    bureau = None
    for rounds in (1, 2):
        for _ in range(rounds):
            tender, _suppliers = sealed_tender(bureau=bureau)
            bureau = bureau_of(tender)
            open_tender(tender)
        now = after_deadline(tender)
        list(work_items(bureau.officer, now))
        with CaptureQueriesContext(connection) as captured:
            items = list(work_items(bureau.officer, now))
        counts.append((len(items), len(captured)))
    (few, one), (many, three) = counts
    assert (few, many) == (1, 3)
    assert one == three
