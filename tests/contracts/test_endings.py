"""How a contract ends: completed, ended early, or given up before it was signed."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from marketplace.contracts import errors, services
from marketplace.contracts.models import Contract
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.ledger.selectors import budget
from marketplace.procurement.models import Tender
from tests.factories.contracts import Parties, make_contract, parties_of

pytestmark = pytest.mark.django_db


def _money(contract: Contract) -> dict[str, Decimal]:
    return budget(contract.award.lot.tender.plan.budget_line_id)


def _pay_all(contract: Contract, people: Parties) -> None:
    for instalment in contract.instalments.order_by("number"):
        now = clock.now()
        services.deliver_instalment(actor=people.bidder, instalment=instalment, now=now)
        services.accept_instalment(
            actor=people.officer, instalment=instalment, note="逐村电话回访", deduct=Decimal(0), now=now
        )
        services.pay_instalment(actor=people.finance, instalment=instalment, now=now)


def test_a_contract_is_completed_when_its_term_is_over_and_paid(at):
    at(datetime(2025, 12, 20, 9))
    contract = make_contract(starts_on=date(2026, 1, 1), ends_on=date(2026, 6, 30), filled=1)
    people = parties_of(contract)
    now = at(datetime(2026, 6, 30, 9))
    with pytest.raises(errors.TermNotOver):
        services.complete_contract(actor=people.officer, contract=contract, now=now)
    now = at(datetime(2026, 7, 1, 9))
    with pytest.raises(errors.NotFinished):
        services.complete_contract(actor=people.officer, contract=contract, now=now)
    _pay_all(contract, people)
    with pytest.raises(PermissionRefused):
        services.complete_contract(actor=people.bidder, contract=contract, now=now)
    services.complete_contract(actor=people.officer, contract=contract, now=now)
    contract.refresh_from_db()
    assert (contract.state, contract.ended_by) == ("completed", people.officer)
    assert set(contract.posts.values_list("state", "ends_on")) == {("closed", date(2026, 6, 30))}
    assert contract.posts.filter(adviser=people.advisers[0]).count() == 1
    assert _money(contract)["committed"] == 0
    assert _money(contract)["spent"] == 27_000


def test_ending_early_frees_what_is_not_due_and_keeps_what_was_served(at):
    at(datetime(2025, 12, 20, 9))
    contract = make_contract(amount=36_000, ceiling=36_000, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    people = parties_of(contract)
    now = at(datetime(2026, 5, 15, 9))
    with pytest.raises(errors.FindingsMissing):
        services.terminate_contract(actor=people.approver, contract=contract, reason=" ", now=now)
    with pytest.raises(PermissionRefused):
        services.terminate_contract(actor=people.officer, contract=contract, reason="转包", now=now)
    services.terminate_contract(actor=people.approver, contract=contract, reason="转包", now=now)
    contract.refresh_from_db()
    assert (contract.state, contract.end_reason) == ("terminated", "转包")
    assert list(contract.instalments.order_by("number").values_list("state", flat=True)) == [
        "planned",
        "planned",
        "void",
        "void",
    ]
    assert set(contract.posts.values_list("state", "ends_on")) == {("closed", date(2026, 5, 15))}
    money = _money(contract)
    assert (money["committed"], money["available"]) == (18_000, 54_000)
    # The second quarter pays 45 of its 91 days.
    second = contract.instalments.get(number=2)
    services.deliver_instalment(actor=people.bidder, instalment=second, now=now)
    second.refresh_from_db()
    unserved = {row["deduction"] for row in second.delivery["posts"]}
    assert all(Decimal(d) >= Decimal("1516.48") for d in unserved)  # 3000 × 46 / 91
    with pytest.raises(errors.NotInPerformance):
        services.terminate_contract(actor=people.approver, contract=contract, reason="再次", now=now)


def test_a_contract_never_signed_gives_its_reservation_back():
    contract = make_contract(active=False)
    people = parties_of(contract)
    services.terminate_contract(actor=people.approver, contract=contract, reason="成交人拒签", now=clock.now())
    assert _money(contract)["reserved"] == 0
    assert _money(contract)["available"] == 60_000
    assert Tender.objects.get().state == "awarded"
    with pytest.raises(errors.NotInPerformance):
        services.sign_as_supplier(actor=people.bidder, contract=contract, now=clock.now())
