"""Delivery, acceptance, payment."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.contracts import errors, services
from marketplace.contracts.checks import check_contracts
from marketplace.contracts.models import Contract, Instalment
from marketplace.contracts.services_payment import proposed_deduction, totals
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.core.units import yuan
from marketplace.ledger import codes
from marketplace.ledger.checks import check_ledger
from marketplace.ledger.models import Transfer
from marketplace.ledger.selectors import balance, budget
from marketplace.statutes.deadlines import Deadline
from tests.contracts.test_contract import at_once
from tests.factories.accounts import make_member, make_membership, make_organisation
from tests.factories.contracts import (
    make_contract,
    make_village_voice,
    make_visit,
    parties_of,
    serve_fully,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(at):
    """A year's contract of 3 villages, all served, and its first quarter just over."""
    at(datetime(2025, 12, 20, 9))
    contract = make_contract(amount=27_000, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), filled=3)
    at(datetime(2026, 4, 2, 9))
    return contract, parties_of(contract), contract.instalments.get(number=1)


def _deliver(instalment, people):
    return services.deliver_instalment(actor=people.bidder, instalment=instalment, now=clock.now())


def _accept(instalment, actor, **kw):
    return services.accept_instalment(actor=actor, instalment=instalment, now=clock.now(), **{"note": "电话回访", **kw})


def _pay(instalment, actor):
    return services.pay_instalment(actor=actor, instalment=instalment, now=clock.now())


def _money(contract):
    return budget(contract.award.lot.tender.plan.budget_line_id)


def test_a_quarter_fully_served_is_paid_in_full(deal):
    contract, people, instalment = deal
    serve_fully(contract, instalment)
    delivered = _deliver(instalment, people)
    assert delivered.state == "delivered"
    assert [row["deduction"] for row in delivered.delivery["posts"]] == ["0.00"] * 3
    assert [(item.code, item.due, item.done, met, posts) for item, met, posts in totals(delivered)] == [
        ("on-site", 2160, 2160, 3, 3),
        ("lecture", 3, 3, 3, 3),
        ("remote", None, 0, 3, 3),
        ("villages", None, 0, 3, 3),
    ]
    accepted = _accept(instalment, people.officer)
    assert (accepted.state, accepted.deduction) == ("accepted", yuan(0))
    # 30 days after 2 April 2026 are 2 May, a holiday; the first working day after it is 6 May.
    pay_by = Deadline.from_json(accepted.pay_by)
    assert (pay_by.rule_key, pay_by.date) == ("payment_due", date(2026, 5, 6))
    paid = _pay(instalment, people.finance)
    assert (paid.state, paid.paid_by) == ("paid", people.finance)
    assert balance(codes.supplier_received(people.supplier.pk)) == 6_750
    assert balance(codes.system_treasury()) == -6_750
    money = _money(contract)
    assert (money["committed"], money["spent"]) == (20_250, 6_750)
    assert sum(money[k] for k in ("available", "reserved", "committed", "spent")) == money["appropriated"]


def test_what_was_not_delivered_is_deducted_by_the_formula(deal):
    contract, people, instalment = deal
    first, second, _third = contract.posts.order_by("pk").select_related("adviser", "region")
    start = clock.now().replace(month=1, day=5)
    make_visit(first, start, 360)
    make_visit(first, start.replace(day=6), 360)
    make_visit(first, start.replace(day=7), 60, kind="lecture")
    make_visit(second, start, 360)
    delivered = _deliver(instalment, people)
    # 2,250 a post: nothing; (1/2 + 1) / 2; all.
    assert [row["deduction"] for row in delivered.delivery["posts"]] == ["0.00", "1687.50", "2250.00"]
    assert proposed_deduction(delivered) == Decimal("3937.50")
    for wrong in (Decimal("3937.51"), Decimal(-1)):
        with pytest.raises(errors.DeductionNotFit):
            _accept(instalment, people.officer, deduct=wrong)
    accepted = _accept(instalment, people.officer)
    assert accepted.deduction == yuan("3937.50")
    _pay(instalment, people.finance)
    assert balance(codes.supplier_received(people.supplier.pk)) == Decimal("2812.50")
    money = _money(contract)
    assert (money["committed"], money["spent"]) == (20_250, Decimal("2812.50"))
    assert money["available"] == 33_000 + Decimal("3937.50")
    assert not [f for f in check_contracts() if f.rows]


def test_less_may_be_deducted_with_a_reason(deal):
    contract, people, instalment = deal
    for post in contract.posts.select_related("region", "adviser"):
        voice = make_village_voice(post)
        services.rate_post(actor=voice, post=post, stars=4, quarter="2026-Q1", now=clock.now())
    _deliver(instalment, people)
    with pytest.raises(errors.FindingsMissing):
        _accept(instalment, people.officer, note="", deduct=Decimal(100))
    accepted = _accept(instalment, people.officer, note="大雪封山", deduct=Decimal(100))
    assert (accepted.deduction, accepted.acceptance["proposed"]) == (yuan(100), "6750.00")
    assert accepted.acceptance["ratings"] == {"count": 3, "mean": "4.00"}
    assert Event.objects.get(action="instalment.accept").data["deduction"] == "100.00"


def test_a_quarter_in_which_nothing_was_done_costs_nothing(deal):
    contract, people, instalment = deal
    _deliver(instalment, people)
    _accept(instalment, people.officer)
    paid = _pay(instalment, people.finance)
    assert paid.state == "paid"
    assert balance(codes.supplier_received(people.supplier.pk)) == 0
    assert (_money(contract)["committed"], _money(contract)["spent"]) == (20_250, 0)


def test_the_served_are_heard(deal):
    contract, people, instalment = deal
    _deliver(instalment, people)
    with pytest.raises(errors.ServedNotHeard):
        _accept(instalment, people.officer, note=" ")
    post = contract.posts.order_by("pk").first()
    services.rate_post(
        actor=make_village_voice(post), post=post, stars=2, comment="来得少", quarter="2026-Q1", now=clock.now()
    )
    assert _accept(instalment, people.officer, note="").acceptance["ratings"] == {"count": 1, "mean": "2.00"}


def test_only_a_finished_period_is_handed_over_and_only_by_the_supplier(deal):
    contract, people, instalment = deal
    with pytest.raises(errors.PeriodNotOver):
        _deliver(contract.instalments.get(number=2), people)
    other_firm = make_member(Role.BIDDER)
    for person in (people.officer, people.advisers[0], other_firm):
        with pytest.raises(PermissionRefused):
            services.deliver_instalment(actor=person, instalment=instalment, now=clock.now())
    _deliver(instalment, people)
    with pytest.raises(IllegalTransition):
        _deliver(instalment, people)


def test_what_was_handed_over_stays_when_visits_come_later(deal):
    contract, people, instalment = deal
    delivered = _deliver(instalment, people).delivery
    serve_fully(contract, instalment)
    instalment.refresh_from_db()
    assert instalment.delivery == delivered
    services.refuse_instalment(
        actor=people.approver, instalment=instalment, reason="台账不全，请补报后再交", now=clock.now()
    )
    instalment.refresh_from_db()
    assert (instalment.state, instalment.acceptance_note) == ("refused", "台账不全，请补报后再交")
    again = _deliver(instalment, people)
    assert proposed_deduction(again) == 0


def test_who_may_not_accept_or_send_back(deal):
    _contract, people, instalment = deal
    _deliver(instalment, people)
    two_hats = make_member(Role.OFFICER, people.buyer)
    make_membership(two_hats, people.supplier, Role.LAWYER)
    for person, refusal in (
        (two_hats, errors.OwnDelivery),
        (people.finance, PermissionRefused),
        (people.bidder, PermissionRefused),
        (make_member(Role.OFFICER), PermissionRefused),
    ):
        with pytest.raises(refusal):
            _accept(instalment, person)
        with pytest.raises(refusal):
            services.refuse_instalment(actor=person, instalment=instalment, reason="不符", now=clock.now())
    with pytest.raises(errors.FindingsMissing):
        services.refuse_instalment(actor=people.officer, instalment=instalment, reason="", now=clock.now())
    instalment.refresh_from_db()
    assert instalment.state == "delivered"


def test_who_may_not_pay(deal):
    contract, people, instalment = deal
    _deliver(instalment, people)
    with pytest.raises(IllegalTransition):
        _pay(instalment, people.finance)
    both = make_member(Role.OFFICER, people.buyer)
    make_membership(both, people.buyer, Role.FINANCE)
    _accept(instalment, both)
    of_supplier = make_member(Role.FINANCE, people.buyer)
    make_membership(of_supplier, people.supplier, Role.LAWYER)
    elsewhere = make_member(Role.FINANCE, make_organisation("finance", region=contract.posts.first().region))
    for person, refusal in (
        (both, errors.AccepterPays),
        (of_supplier, errors.OwnDelivery),
        (people.officer, PermissionRefused),
        (people.bidder, PermissionRefused),
        (elsewhere, PermissionRefused),
    ):
        with pytest.raises(refusal):
            _pay(instalment, person)
    instalment.refresh_from_db()
    assert instalment.state == "accepted"
    assert _money(contract)["spent"] == 0
    over = make_member(Role.FINANCE, make_organisation("finance", region=people.buyer.region))
    assert _pay(instalment, over).paid_by == over


def test_paid_twice_is_paid_once(deal):
    contract, people, instalment = deal
    serve_fully(contract, instalment)
    _deliver(instalment, people)
    _accept(instalment, people.officer)
    first = _pay(instalment, people.finance)
    again = _pay(instalment, make_member(Role.FINANCE, people.buyer))
    assert (again.paid_by, again.paid_at) == (first.paid_by, first.paid_at)
    assert Transfer.objects.filter(purpose="payment").count() == 1
    assert Event.objects.filter(action="instalment.pay").count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_payments_at_once_pay_once():
    with clock.rehearse(clock.now().replace(year=2025, month=12, day=20)):
        contract = make_contract(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), filled=3)
    people = parties_of(contract)
    instalments = [contract.instalments.get(number=n) for n in (1, 2)]
    for instalment in instalments:
        serve_fully(contract, instalment)
        _deliver(instalment, people)
        _accept(instalment, people.officer)
    payers = [make_member(Role.FINANCE, people.buyer) for _n in range(10)]
    found = at_once([lambda p=p, i=i: _pay(i, p) for p in payers for i in instalments])
    assert found == {"done": 20}
    assert Transfer.objects.filter(purpose="payment").count() == 2
    assert balance(codes.supplier_received(people.supplier.pk)) == 13_500
    assert _money(contract)["spent"] == 13_500
    assert not [f for f in [*check_ledger(), *check_contracts()] if f.rows]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE contracts_instalment SET state = 'accepted' WHERE state = 'paid'",
        "UPDATE contracts_instalment SET deduction = 1 WHERE state = 'paid'",
        "UPDATE contracts_instalment SET paid_at = now() WHERE state = 'paid'",
        "UPDATE contracts_instalment SET deduction = 1 WHERE state = 'accepted'",
        """UPDATE contracts_instalment SET state = 'paid', paid_by_id = accepted_by_id, paid_at = now()
        WHERE state = 'accepted'""",
        "UPDATE contracts_instalment SET accepted_by_id = delivered_by_id WHERE state = 'delivered'",
    ],
)
def test_what_was_accepted_and_paid_stays(deal, attack, at):
    contract, people, instalment = deal
    at(datetime(2026, 10, 2, 9))
    second, third = contract.instalments.get(number=2), contract.instalments.get(number=3)
    for each in (instalment, second, third):
        _deliver(each, people)
    for each in (instalment, second):
        _accept(each, people.officer)
    _pay(instalment, people.finance)
    before = list(Instalment.objects.order_by("pk").values())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack)
    assert list(Instalment.objects.order_by("pk").values()) == before


def test_the_proof_names_what_disagrees(deal, capsys):
    contract, people, _instalment = deal
    call_command("check_contracts")
    assert "BROKEN" not in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("contracts_contract", "contracts_post", "contracts_instalment"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    contract.posts.filter(pk=contract.posts.first().pk).update(amount=1)
    contract.instalments.filter(number=2).update(state="paid", delivered_by=people.bidder, delivered_at=clock.now(),
        accepted_by=people.officer, paid_by=people.finance, paid_at=clock.now())  # fmt: skip
    Contract.objects.filter(pk=contract.pk).update(amount=26_999)
    with pytest.raises(SystemExit) as stopped:
        call_command("check_contracts")
    assert stopped.value.code == 1
    told = capsys.readouterr().out
    assert told.count("BROKEN") >= 4
    assert f"number={contract.number}" in told


def _broken():
    return {finding.name: finding.rows for finding in check_contracts() if finding.rows}


def test_the_proof_reads_the_signed_papers():
    older, newer, last = (make_contract() for _n in range(3))
    assert not _broken()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("contracts_signedpaper", "audit_event"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        # The oldest was signed before papers were kept.
        cursor.execute("UPDATE audit_event SET data = data - 'papers' WHERE subject_id = %s", [str(older.pk)])
    older.papers.all().delete()
    assert not _broken()
    newer.papers.filter(language="en").delete()
    last.papers.filter(language="en").update(content=b"%PDF- something else")
    told = _broken()
    assert [row[:2] for row in told.pop("a signed paper is what its digest says")] == [(last.number, "en")]
    [(number, language, signed, kept)] = told.pop("a signature's papers are kept")
    assert (number, language, len(signed), kept) == (newer.number, "en", 64, None)
    assert not told
