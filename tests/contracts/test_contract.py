"""From the award to the signed contract."""

import hashlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone
from django.utils.translation import override

from marketplace.accounts.models import Role, Sanction
from marketplace.audit.models import Event
from marketplace.contracts import documents, errors, services
from marketplace.contracts.models import Contract, Instalment, Obligation, Post, SignedPaper
from marketplace.core import clock
from marketplace.core.errors import DomainError, PermissionRefused
from marketplace.core.units import yuan
from marketplace.core.words import day_words
from marketplace.ledger.checks import check_ledger
from marketplace.ledger.selectors import budget
from marketplace.procurement.models import Notice, Tender
from marketplace.procurement.selectors import life_line
from marketplace.regions.models import Region
from marketplace.statutes.deadlines import Deadline
from marketplace.statutes.services import edit_day
from tests.factories.accounts import make_member, make_membership, make_user
from tests.factories.contracts import make_award, make_contract, parties_of, sign, villages

pytestmark = pytest.mark.django_db


def _money(contract: Contract) -> dict[str, Decimal]:
    return budget(contract.award.lot.tender.plan.budget_line_id)


# Drawing up


def test_a_contract_says_what_its_award_and_plan_say(at):
    now = at(datetime(2026, 9, 1, 10))
    award = make_award(amount=27_000, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))
    people = parties_of(award)
    contract = services.draft_contract(actor=people.officer, award=award, now=now)
    assert contract.amount == yuan(27_000)
    assert (contract.buyer, contract.supplier) == (people.buyer, people.supplier)
    assert (contract.starts_on, contract.ends_on) == (date(2027, 1, 1), date(2027, 12, 31))
    assert contract.number == f"{award.lot.tender.reference}-01"
    assert contract.title == "村（社区）法律顾问服务 · 第1标段"
    assert contract.state == "draft"
    # 30 days after 1 September are 1 October, a holiday: 8 October (政府采购法 art. 46).
    sign_by = Deadline.from_json(contract.sign_by)
    assert (sign_by.rule_key, sign_by.date) == ("contract_sign", date(2026, 10, 8))
    assert Event.objects.get(action="contract.draft").actor == people.officer


def test_only_an_officer_of_the_buyer_draws_up():
    award = make_award()
    people = parties_of(award)
    elsewhere = make_member(Role.OFFICER)
    for person in (people.approver, people.finance, people.bidder, elsewhere, make_user()):
        with pytest.raises(PermissionRefused):
            services.draft_contract(actor=person, award=award, now=clock.now())
    assert not Contract.objects.exists()


def test_a_second_contract_for_one_award_is_refused():
    contract = make_contract(active=False)
    with pytest.raises(errors.ContractExists):
        services.draft_contract(actor=parties_of(contract).officer, award=contract.award, now=clock.now())
    assert Contract.objects.count() == 1


def test_no_contract_without_a_published_award_or_with_an_excluded_supplier():
    award = make_award()
    people = parties_of(award)
    Tender.objects.update(state="evaluated")
    with pytest.raises(errors.NotAwarded):
        services.draft_contract(actor=people.officer, award=award, now=clock.now())
    Tender.objects.update(state="awarded")
    Sanction.objects.create(
        organisation=people.supplier,
        reason="虚假材料",
        basis="政府采购法第七十七条",
        valid_from=clock.today(),
        decided_by=make_user(),
        decided_at=clock.now(),
    )
    with pytest.raises(errors.SupplierSanctioned):
        services.draft_contract(actor=people.officer, award=award, now=clock.now())
    assert not Contract.objects.exists()


# Signing


def test_both_signatures_make_the_contract_whole():
    contract = make_contract(villages=7, amount=20_000, ceiling=30_000)
    assert contract.state == "active"
    posts = list(contract.posts.order_by("pk"))
    assert len(posts) == 7
    assert {p.region_id for p in posts} == set(contract.award.lot.regions.values_list("pk", flat=True))
    assert sum(p.amount.amount for p in posts) == 20_000
    assert {p.amount for p in posts} == {yuan("2857.15"), yuan("2857.14")}
    assert {p.state for p in posts} == {"vacant"}
    content = contract.award.lot.product_version.content
    assert [o.code for o in contract.obligations.order_by("pk")] == [o["code"] for o in content["obligations"]]
    instalments = list(contract.instalments.order_by("number"))
    assert [i.amount for i in instalments] == [yuan(5_000)] * 4
    year = contract.starts_on.year
    assert [(i.period_from, i.period_to) for i in instalments][1] == (date(year, 4, 1), date(year, 6, 30))
    # Of the 30,000 reserved, 20,000 are committed and 10,000 are free again.
    assert _money(contract) == {
        "appropriated": 60_000,
        "available": 40_000,
        "reserved": 0,
        "committed": 20_000,
        "spent": 0,
    }
    assert Tender.objects.get().state == "contracted"
    notice = Notice.objects.get(kind="contract")
    assert notice.content["contract"] == contract.number
    assert notice.content["amount"] == {"amount": "20000.00", "currency": "CNY"}
    assert len(notice.content["places"]) == 7
    activation = Event.objects.get(action="contract.activate")
    assert (activation.actor, activation.data["posts"]) == (parties_of(contract).approver, 7)


def test_a_term_of_odd_length_is_paid_by_its_quarters():
    contract = make_contract(amount=10_000, starts_on=date(2026, 11, 15), ends_on=date(2027, 5, 15))
    parts = list(contract.instalments.order_by("number").values_list("period_from", "period_to", "amount"))
    assert [(a, b) for a, b, _amount in parts] == [
        (date(2026, 11, 15), date(2026, 12, 31)),
        (date(2027, 1, 1), date(2027, 3, 31)),
        (date(2027, 4, 1), date(2027, 5, 15)),
    ]
    # 47/92, 1 and 45/91 of a quarter.
    assert [amount for _a, _b, amount in parts] == [Decimal("2547.01"), Decimal("4985.63"), Decimal("2467.36")] or sum(
        amount for _a, _b, amount in parts
    ) == 10_000


def test_a_team_has_its_seats_in_one_place():
    county = villages(1)[0]
    contract = make_contract(product="PLS-02", regions=[Region.objects.get(code=county.code // 10**6 * 10**6)])
    assert list(contract.posts.order_by("pk").values_list("region", "seat")) == [
        (522634000000, seat) for seat in range(1, 6)
    ]


def test_seats_for_several_places_stand_in_what_holds_them_all():
    contract = make_contract(product="PLS-02", regions=villages(3))
    assert set(contract.posts.values_list("region", flat=True)) == {522634100000}


def test_a_village_post_for_each_village_of_a_township_named():
    places = villages(2, start=91)
    contract = make_contract(regions=[Region.objects.get(code=522634100000)])
    assert set(contract.posts.values_list("region", flat=True)) >= {v.code for v in places}
    assert {p.region.level for p in contract.posts.select_related("region")} == {5}


def test_the_tender_is_under_contract_with_its_last_lot():
    first = make_contract(lots=2)
    assert Tender.objects.get().state == "awarded"
    people = parties_of(first)
    other = first.award.lot.tender.lots.get(number=2).award
    second = services.draft_contract(actor=people.officer, award=other, now=clock.now())
    sign(second)
    assert Tender.objects.get().state == "contracted"


def test_who_may_not_sign_for_the_supplier():
    contract = make_contract(active=False)
    people = parties_of(contract)
    lawyer = make_member(Role.LAWYER, people.supplier)
    other_firm = make_member(Role.BIDDER)
    for person in (people.officer, people.approver, lawyer, other_firm):
        with pytest.raises(PermissionRefused):
            services.sign_as_supplier(actor=person, contract=contract, now=clock.now())
    contract.refresh_from_db()
    assert contract.supplier_signed_at is None
    services.sign_as_supplier(actor=people.bidder, contract=contract, now=clock.now())
    with pytest.raises(errors.AlreadySigned):
        services.sign_as_supplier(actor=people.bidder, contract=contract, now=clock.now())


def test_who_may_not_sign_for_the_buyer():
    contract = make_contract(active=False)
    people = parties_of(contract)
    now = clock.now()
    with pytest.raises(errors.SupplierSignsFirst):
        services.sign_as_buyer(actor=people.approver, contract=contract, now=now)
    services.sign_as_supplier(actor=people.bidder, contract=contract, now=now)
    make_membership(people.officer, people.buyer, Role.APPROVER)
    with pytest.raises(errors.DrafterSigns):
        services.sign_as_buyer(actor=people.officer, contract=contract, now=now)
    two_hats = make_member(Role.APPROVER, people.buyer)
    make_membership(two_hats, people.supplier, Role.LAWYER)
    for person in (two_hats, people.finance, people.bidder, make_member(Role.APPROVER)):
        with pytest.raises(PermissionRefused):
            services.sign_as_buyer(actor=person, contract=contract, now=now)
    contract.refresh_from_db()
    assert (contract.state, contract.posts.count(), _money(contract)["committed"]) == ("draft", 0, 0)


def test_the_paper_is_kept_as_it_is_signed(monkeypatch):
    """What is kept says the same as the paper of the signed contract, and its digests stand in the record."""
    contract = make_contract(active=False)
    written = []

    def keep(_template, data):
        written.append(data)
        return f"%PDF-{len(written)}".encode()

    monkeypatch.setattr(documents, "render_pdf", keep)
    contract = sign(contract)
    assert [data["lang"] for data in written] == ["zh", "en"]
    signed = Contract.objects.get(pk=contract.pk)
    for data, language in zip(written[:2], ("zh-hans", "en"), strict=True):
        with override(language):
            documents.contract_paper(signed)
        assert written.pop() == data
        assert data["notice"] == ""
        assert f"{timezone.localtime(signed.buyer_signed_at):%Y-%m-%d %H:%M:%S}" in data["signatures"][1][2]
    papers = {paper.language: paper for paper in contract.papers.all()}
    assert [bytes(papers[language].content) for language in ("zh-hans", "en")] == [b"%PDF-1", b"%PDF-2"]
    digests = {language: hashlib.sha256(bytes(paper.content)).hexdigest() for language, paper in papers.items()}
    assert {language: paper.digest for language, paper in papers.items()} == digests
    assert Event.objects.get(action="contract.activate").data["papers"] == digests


@pytest.mark.parametrize(
    "attack",
    ["UPDATE contracts_signedpaper SET digest = 'x'", "DELETE FROM contracts_signedpaper",
     "TRUNCATE contracts_signedpaper"],
)  # fmt: skip
def test_a_signed_paper_stays(attack):
    make_contract()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack)
    assert SignedPaper.objects.count() == 2


def test_when_one_part_fails_nothing_has_happened(monkeypatch):
    contract = make_contract(active=False)
    people = parties_of(contract)
    services.sign_as_supplier(actor=people.bidder, contract=contract, now=clock.now())
    before = _money(contract)

    def fail(**_kw):
        raise RuntimeError("the notice could not be written")

    monkeypatch.setattr("marketplace.contracts.services_contract.publish_notice", fail)
    with pytest.raises(RuntimeError):
        services.sign_as_buyer(actor=people.approver, contract=contract, now=clock.now())
    contract.refresh_from_db()
    assert (contract.state, contract.buyer_signed_at) == ("draft", None)
    assert not Post.objects.exists()
    assert not Obligation.objects.exists()
    assert not Instalment.objects.exists()
    assert not SignedPaper.objects.exists()
    assert _money(contract) == before


def test_a_provisional_signing_date_is_counted_again_when_the_calendar_changes(at, django_capture_on_commit_callbacks):
    now = at(datetime(2026, 12, 20, 10))
    contract = make_contract(active=False, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))
    before = Deadline.from_json(contract.sign_by)
    assert (before.date, before.provisional) == (date(2027, 1, 19), True)
    with django_capture_on_commit_callbacks(execute=True):
        edit_day(
            actor=make_user(is_superuser=True),
            date=date(2027, 1, 19),
            is_working=False,
            name="示例假",
            note="示例",
            now=now,
        )
    contract.refresh_from_db()
    after = Deadline.from_json(contract.sign_by)
    assert (after.date, after.rolled_from) == (date(2027, 1, 20), date(2027, 1, 19))
    assert Event.objects.get(action="contract.recount").data["field"] == "sign_by"
    assert services.recount_deadlines(year=2027, now=now) == 0


# What the database holds by itself


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE contracts_contract SET amount = amount + 1",
        "UPDATE contracts_contract SET supplier_id = buyer_id",
        "UPDATE contracts_contract SET ends_on = ends_on + 30",
        "UPDATE contracts_contract SET buyer_signed_at = now()",
        "UPDATE contracts_contract SET buyer_signed_by_id = drafted_by_id",
        "UPDATE contracts_contract SET state = 'terminated'",
        "DELETE FROM contracts_contract",
        "UPDATE contracts_post SET amount = 0",
        "UPDATE contracts_post SET ends_on = ends_on + 1",
        "UPDATE contracts_post SET state = 'filled'",
        "DELETE FROM contracts_post",
        "UPDATE contracts_instalment SET amount = amount * 2",
        "UPDATE contracts_instalment SET deduction = amount + 1",
        "UPDATE contracts_instalment SET state = 'paid'",
        "DELETE FROM contracts_instalment",
        "UPDATE contracts_obligation SET quantity = 1",
        "DELETE FROM contracts_obligation",
        """INSERT INTO contracts_post (contract_id, region_id, seat, amount, amount_currency, starts_on, ends_on, state)
        SELECT contract_id, region_id, 99, 1, 'CNY', starts_on, ends_on, 'vacant' FROM contracts_post LIMIT 1""",
        """INSERT INTO contracts_contract (award_id, number, title, title_en, buyer_id, supplier_id, amount,
        amount_currency, starts_on, ends_on, state, drafted_by_id, sign_by, created_at, end_reason)
        SELECT award_id, 'x', '', '', buyer_id, supplier_id, amount, amount_currency, starts_on, ends_on, 'draft',
        drafted_by_id, '{}', now(), '' FROM contracts_contract""",
    ],
)
def test_attacks_fail(attack):
    contract = make_contract()
    before = [list(model.objects.order_by("pk").values()) for model in (Contract, Post, Instalment, Obligation)]
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{attack}; SET CONSTRAINTS ALL IMMEDIATE")
    after = [list(model.objects.order_by("pk").values()) for model in (Contract, Post, Instalment, Obligation)]
    assert after == before
    assert contract.state == "active"


@pytest.mark.parametrize("change", ["amount = amount + 1", "supplier_id = buyer_id", "state = 'active'"])
def test_a_contract_that_does_not_fit_its_award_cannot_be_written(change):
    award = make_award()
    people = parties_of(award)
    row = {
        "award": award,
        "number": "x",
        "title": "x",
        "buyer": people.buyer,
        "supplier": people.supplier,
        "amount": award.amount,
        "starts_on": date(2027, 1, 1),
        "ends_on": date(2027, 12, 31),
        "drafted_by": people.officer,
        "created_at": clock.now(),
    }
    wrong = {
        "amount = amount + 1": {"amount": award.amount + yuan(1)},
        "supplier_id = buyer_id": {"supplier": people.buyer},
        "state = 'active'": {
            "state": "active",
            "supplier_signed_at": clock.now(),
            "buyer_signed_at": clock.now(),
        },
    }[change]
    with pytest.raises(DatabaseError), transaction.atomic():
        Contract.objects.create(**(row | wrong))
    Contract.objects.create(**row)


def test_parts_that_do_not_add_up_cannot_begin():
    contract = make_contract(active=False)
    now = clock.now()
    Post.objects.create(
        contract=contract,
        region=villages(1)[0],
        amount=contract.amount - yuan("0.01"),
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
    )
    Instalment.objects.create(
        contract=contract,
        number=1,
        period_from=contract.starts_on,
        period_to=contract.ends_on,
        amount=contract.amount,
    )
    people = parties_of(contract)
    with pytest.raises(DatabaseError, match="add up"), transaction.atomic():
        Contract.objects.filter(pk=contract.pk).update(
            state="active",
            supplier_signed_by=people.bidder,
            supplier_signed_at=now,
            buyer_signed_by=people.approver,
            buyer_signed_at=now,
        )


# Many at once


def at_once(calls: list[Callable[[], object]]) -> Counter[str]:
    def run(call):
        try:
            call()
        except DomainError as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(calls)) as pool:
        return Counter(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_ten_officers_draw_up_one_contract():
    award = make_award()
    people = parties_of(award)
    officers = [make_member(Role.OFFICER, people.buyer) for _n in range(10)]
    found = at_once([lambda o=o: services.draft_contract(actor=o, award=award, now=clock.now()) for o in officers])
    assert found == {"done": 1, "contract_exists": 9}
    assert Contract.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_signatures_at_once_commit_once():
    contract = make_contract(active=False)
    people = parties_of(contract)
    services.sign_as_supplier(actor=people.bidder, contract=contract, now=clock.now())
    approvers = [make_member(Role.APPROVER, people.buyer) for _n in range(10)]
    found = at_once(
        [lambda a=a: services.sign_as_buyer(actor=a, contract=contract, now=clock.now()) for a in approvers]
    )
    assert found == {"done": 1, "already_signed": 9}
    assert contract.posts.count() == 3
    assert _money(contract)["committed"] == 27_000
    assert not [f for f in check_ledger() if f.rows]


@pytest.mark.django_db(transaction=True)
def test_two_lots_signed_at_once_bring_the_tender_under_contract():
    award = make_award(lots=4)
    people = parties_of(award)
    contracts = [
        services.draft_contract(actor=people.officer, award=lot.award, now=clock.now())
        for lot in award.lot.tender.lots.order_by("number")
    ]
    for contract in contracts:
        services.sign_as_supplier(actor=people.bidder, contract=contract, now=clock.now())
    found = at_once(
        [lambda c=c: services.sign_as_buyer(actor=people.approver, contract=c, now=clock.now()) for c in contracts]
    )
    assert found == {"done": 4}
    assert Tender.objects.get().state == "contracted"
    assert _money(contracts[0])["committed"] == 4 * 27_000


def test_the_tenders_life_line_ends_with_the_day_of_the_signature(at):
    at(datetime(2026, 3, 2, 10))
    tender = make_contract().award.lot.tender
    last = life_line(tender, clock.now(), tender.notices.all())[-1]
    assert (last.state, last.detail) == ("did", day_words(date(2026, 3, 2)))
