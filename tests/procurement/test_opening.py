"""Nothing opens before the deadline, nor with too few shares; what cannot be read harms no other bid."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone, translation

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import DomainError, PermissionRefused
from marketplace.core.sealing import seal_to
from marketplace.procurement import errors_evaluation as errors
from marketplace.procurement import keys, selectors_evaluation, services_opening
from marketplace.procurement.bid_content import pack
from marketplace.procurement.models import Bid, KeyShare, OpenedBid, OpenedFile, Tender
from marketplace.procurement.scoring import LowPrice
from marketplace.procurement.selectors_evaluation import opening_digest
from marketplace.procurement.templatetags.evaluation import instruments_of, sign_words
from marketplace.statutes.services import set_parameter
from tests.factories.accounts import make_member, make_user
from tests.factories.evaluation import (
    after_deadline,
    bids_of,
    draw,
    make_expert,
    open_tender,
    qualify_all,
    release,
    sealed_tender,
)
from tests.factories.procurement import PASSPHRASE, a_bid, bureau_of, make_bid

pytestmark = pytest.mark.django_db


def fresh(tender: Tender) -> Tender:
    return Tender.objects.get(pk=tender.pk)


def open_now(tender: Tender, actor=None, **later: float) -> Tender:
    now = after_deadline(tender, **later)
    with clock.rehearse(now):
        return services_opening.open_bids(actor=actor or bureau_of(tender).officer, tender=tender, now=now)


def overwrite(sql: str, *args: object) -> None:
    """What somebody with the database's own powers could do: past every trigger."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, args)
        cursor.execute("SET LOCAL session_replication_role = origin")


# Shares


def test_no_share_is_released_up_to_the_very_deadline() -> None:
    tender, _ = sealed_tender()
    holder = bureau_of(tender).holders[0]
    for at in (after_deadline(tender, days=-1), after_deadline(tender, seconds=0)):
        # The caller's own idea of the time does not matter; the database's does.
        with clock.rehearse(at), pytest.raises(errors.TooEarly):
            services_opening.release_share(
                actor=holder, tender=tender, passphrase=PASSPHRASE, now=after_deadline(tender)
            )
    assert not KeyShare.objects.filter(released_at__isnull=False).exists()
    at = after_deadline(tender, microseconds=1)
    with clock.rehearse(at):
        share = services_opening.release_share(actor=holder, tender=tender, passphrase=PASSPHRASE, now=at)
    assert share.released_at == at


def test_a_share_is_released_by_its_holder_only_and_once() -> None:
    tender, _ = sealed_tender()
    bureau = bureau_of(tender)
    nearly = make_member(Role.KEY_HOLDER, bureau.organisation)
    now = after_deadline(tender)
    with clock.rehearse(now):
        for person in (nearly, bureau.officer, bureau.approver):
            with pytest.raises(PermissionRefused):
                services_opening.release_share(actor=person, tender=tender, passphrase=PASSPHRASE, now=now)
        first = services_opening.release_share(actor=bureau.holders[0], tender=tender, passphrase=PASSPHRASE, now=now)
        later = services_opening.release_share(
            actor=bureau.holders[0], tender=tender, passphrase="whatever", now=now + timedelta(minutes=5)
        )
    assert later.released_at == first.released_at == now
    assert Event.objects.filter(action="key_share.release").count() == 1
    assert KeyShare.objects.filter(tender=tender, released_at__isnull=False).count() == 1


def test_wrong_passphrases_are_recorded_and_limited() -> None:
    tender, _ = sealed_tender()
    holder = bureau_of(tender).holders[0]
    now = after_deadline(tender)
    with clock.rehearse(now):
        for _try in range(services_opening.WRONG_TRIES):
            with pytest.raises(keys.WrongPassphrase):
                services_opening.release_share(actor=holder, tender=tender, passphrase="wrong horse battery", now=now)
        with pytest.raises(errors.TooManyTries):
            services_opening.release_share(actor=holder, tender=tender, passphrase=PASSPHRASE, now=now)
        assert Event.objects.filter(action="key_share.wrong_passphrase", actor=holder).count() == 5
        assert not KeyShare.objects.filter(released_at__isnull=False).exists()
        # Another holder is not held up, and after a quarter of an hour neither is this one.
        services_opening.release_share(
            actor=bureau_of(tender).holders[1], tender=tender, passphrase=PASSPHRASE, now=now
        )
        later = now + services_opening.TRIES_WITHIN + timedelta(seconds=1)
        services_opening.release_share(actor=holder, tender=tender, passphrase=PASSPHRASE, now=later)
    assert not any("wrong horse" in str(e.data) + e.reason for e in Event.objects.all())


# Opening


def test_every_bid_comes_out_as_it_went_in() -> None:
    tender, suppliers = sealed_tender([(270_000, 280_000, 290_000), (250_000, 260_000)], small={(0, 1)})
    digest = opening_digest(tender)
    tender = open_tender(tender)
    assert tender.state == "opened"
    assert tender.opened_at == after_deadline(tender)
    for number, lot in enumerate(tender.lots.order_by("number")):
        opened = bids_of(lot)
        assert [o.bid.supplier for o in opened] == suppliers[number]
        assert {o.bid.state for o in opened} == {"opened"}
    first = OpenedBid.objects.get(bid__supplier=suppliers[0][1])
    assert first.price.amount == Decimal("280000.00")
    assert first.small_or_micro
    assert first.qualified is None
    assert first.contact_phone == "0855-0000000"
    assert "phone" not in first.content["contact"]
    assert first.content["legal_representative"] == "张示例"
    file = OpenedFile.objects.get(opened_bid=first)
    assert bytes(file.data).startswith(b"%PDF")
    assert file.size == len(bytes(file.data))
    assert first.content["attachments"] == [
        {"name": "附件1.pdf", "media_type": "application/pdf", "size": file.size, "sha256": file.digest}
    ]
    event = Event.objects.get(action="tender.open")
    assert event.data["digest"] == digest == opening_digest(tender)
    assert len(event.data["bids"]) == 5
    # The shares are gone with the opening.
    assert {share.released for share in KeyShare.objects.all()} == {""}


def test_the_opening_record_holds_no_price_nor_name_beyond_what_is_public() -> None:
    tender, suppliers = sealed_tender()
    open_tender(tender)
    said = str([(e.action, e.reason, e.data) for e in Event.objects.filter(action__startswith="tender.open")])
    assert "270000" not in said
    assert suppliers[0][0].name not in said


def test_one_share_too_few_opens_nothing() -> None:
    tender, _ = sealed_tender(key_threshold=3)
    release(tender, 2)
    with pytest.raises(errors.TooFewShares) as refusal:
        open_now(tender)
    with translation.override("en"):
        assert "2 of the 3" in str(refusal.value)
    assert fresh(tender).state == "published"
    assert not OpenedBid.objects.exists()
    release(tender, 3)
    assert open_now(tender).state == "opened"


def test_nobody_opens_before_the_deadline_even_by_sql() -> None:
    tender, _ = sealed_tender()
    bid = Bid.objects.first()
    with clock.rehearse(tender.bid_deadline), pytest.raises(errors.TooEarly):
        services_opening.open_bids(actor=bureau_of(tender).officer, tender=tender, now=after_deadline(tender, days=1))
    with pytest.raises(DatabaseError, match="opened_after_the_deadline"), transaction.atomic():
        Tender.objects.filter(pk=tender.pk).update(state="opened", opened_at=after_deadline(tender, seconds=-1))
    with pytest.raises(DatabaseError, match="after the deadline only"), transaction.atomic():
        OpenedBid.objects.create(bid=bid, price=1, content={}, opened_at=tender.bid_deadline)
    assert fresh(tender).state == "published"
    assert not OpenedBid.objects.exists()


def test_who_may_open() -> None:
    tender, _ = sealed_tender()
    bureau = bureau_of(tender)
    release(tender)
    for person in (bureau.approver, bureau.finance, make_member(Role.OFFICER), make_user(is_superuser=True)):
        with pytest.raises(PermissionRefused):
            open_now(tender, actor=person)
    assert fresh(tender).state == "published"
    assert open_now(tender, actor=bureau.holders[2]).state == "opened"


def test_opening_twice_changes_nothing() -> None:
    tender, _ = sealed_tender()
    open_tender(tender)
    events = Event.objects.count()
    assert open_now(tender, hours=9).opened_at == after_deadline(tender)
    assert (OpenedBid.objects.count(), Event.objects.count()) == (3, events)


def tamper_byte(bid: Bid) -> None:
    sealed = bytearray(bid.sealed_content)
    sealed[-1] ^= 1
    overwrite("UPDATE procurement_bid SET sealed_content = %s WHERE id = %s", bytes(sealed), bid.pk)


def take_from_another_row(bid: Bid) -> None:
    other = Bid.objects.exclude(pk=bid.pk).first()
    overwrite("UPDATE procurement_bid SET sealed_content = %s WHERE id = %s", bytes(other.sealed_content), bid.pk)


def cut_short(bid: Bid) -> None:
    overwrite("UPDATE procurement_bid SET sealed_content = %s WHERE id = %s", b"\x01short", bid.pk)


def _reseal(bid: Bid, plaintext: bytes) -> None:
    sealed = seal_to(bytes(bid.lot.tender.public_key), plaintext, keys.bid_context(bid.lot, bid.supplier_id))
    overwrite("UPDATE procurement_bid SET sealed_content = %s WHERE id = %s", sealed, bid.pk)


def seal_no_json(bid: Bid) -> None:
    _reseal(bid, b"\xff\xfe not json")


def seal_other_json(bid: Bid) -> None:
    _reseal(bid, b'{"schema": "bid/1"}')


def seal_for_another_lot(bid: Bid) -> None:
    _reseal(bid, pack(a_bid(bid.lot), tender=bid.lot.tender.reference, lot=9, supplier=bid.supplier.credit_code))


def seal_negative_price(bid: Bid) -> None:
    content = a_bid(bid.lot, price=-5)
    _reseal(bid, pack(content, tender=bid.lot.tender.reference, lot=bid.lot.number, supplier=bid.supplier.credit_code))


def seal_a_null_byte(bid: Bid) -> None:
    content = a_bid(bid.lot, note="a\x00b")
    _reseal(bid, pack(content, tender=bid.lot.tender.reference, lot=bid.lot.number, supplier=bid.supplier.credit_code))


@pytest.mark.parametrize(
    "harm",
    [
        tamper_byte,
        take_from_another_row,
        cut_short,
        seal_no_json,
        seal_other_json,
        seal_for_another_lot,
        seal_negative_price,
        seal_a_null_byte,
    ],
)
def test_a_bid_that_cannot_be_read_is_invalid_and_the_others_open(harm) -> None:
    tender, suppliers = sealed_tender([(270_000, 280_000, 290_000, 295_000)])
    harm(Bid.objects.select_related("lot__tender", "supplier").get(supplier=suppliers[0][1]))
    tender = open_tender(tender)
    opened = bids_of(tender.lots.get())
    assert [o.bid.state for o in opened] == ["opened", "invalid", "opened", "opened"]
    bad = opened[1]
    assert (bad.price, bad.qualified, bad.invalid_code, bad.content) == (None, False, "unreadable", {})
    assert [o.price.amount for o in opened if o.price] == [270_000, 290_000, 295_000]
    with pytest.raises(errors.BidUnreadable):
        services_opening.check_qualification(
            actor=bureau_of(tender).officer, opened_bid=bad, qualified=True, now=after_deadline(tender)
        )


def test_a_late_bid_is_no_bid_and_is_not_opened() -> None:
    tender, _ = sealed_tender()
    with pytest.raises(DomainError):
        make_bid(tender.lots.get(), now=after_deadline(tender, seconds=1))
    open_tender(tender)
    assert OpenedBid.objects.count() == 3


# The check


def test_the_check_finds_and_corrects() -> None:
    tender, _ = sealed_tender([(270_000, 280_000, 290_000)])
    tender = open_tender(tender)
    officer = bureau_of(tender).officer
    now = after_deadline(tender, hours=2)
    bid = bids_of(tender.lots.get())[0]

    def check(**kw):
        return services_opening.check_qualification(**{"actor": officer, "opened_bid": bid, "now": now} | kw)

    for person in (bureau_of(tender).approver, bureau_of(tender).holders[0], make_member(Role.OFFICER)):
        with pytest.raises(PermissionRefused):
            check(actor=person, qualified=True)
    with pytest.raises(errors.ReasonMissing):
        check(qualified=False, code="unqualified", reason=" ")
    with pytest.raises(errors.ReasonMissing):
        check(qualified=False, code="unreadable", reason="x")
    assert bids_of(tender.lots.get())[0].qualified is None
    check(qualified=False, code="unqualified", reason="执业许可证已过期。")
    found = bids_of(tender.lots.get())[0]
    assert (found.qualified, found.invalid_code, found.invalid_reason) == (False, "unqualified", "执业许可证已过期。")
    assert found.checked_by == officer
    check(qualified=True)
    found = bids_of(tender.lots.get())[0]
    assert (found.qualified, found.invalid_code, found.invalid_reason) == (True, "", "")
    assert Event.objects.filter(action="opened_bid.check").count() == 2


def test_a_price_above_the_ceiling_cannot_be_found_valid() -> None:
    tender, suppliers = sealed_tender([(270_000, 280_000, 290_000)])
    bid = Bid.objects.select_related("lot__tender", "supplier").get(supplier=suppliers[0][2])
    _reseal(
        bid,
        pack(a_bid(bid.lot, price=300_001), tender=tender.reference, lot=1, supplier=bid.supplier.credit_code),
    )
    tender = open_tender(tender)
    over = bids_of(tender.lots.get())[2]
    with pytest.raises(errors.OverCeiling):
        services_opening.check_qualification(
            actor=bureau_of(tender).officer, opened_bid=over, qualified=True, now=after_deadline(tender)
        )


def test_a_low_price_needs_an_explanation() -> None:
    tender, suppliers = sealed_tender([(100_000, 280_000, 290_000)])
    tender = open_tender(tender)
    now = after_deadline(tender, hours=2)
    low, *others = bids_of(tender.lots.get())
    officer = bureau_of(tender).officer
    for bid in others:
        services_opening.check_qualification(actor=officer, opened_bid=bid, qualified=True, now=now)
    with pytest.raises(errors.LowPriceUnexplained) as refusal:
        services_opening.check_qualification(actor=officer, opened_bid=low, qualified=True, now=now)
    assert suppliers[0][0].name in str(refusal.value)
    services_opening.check_qualification(
        actor=officer, opened_bid=low, qualified=True, price_explanation="驻村人员均为当地律师。", now=now
    )
    assert bids_of(tender.lots.get())[0].price_explanation == "驻村人员均为当地律师。"


def test_low_prices_are_measured_by_the_law_of_the_notices_own_day() -> None:
    tender, _ = sealed_tender([(160_000, 280_000, 290_000)])
    tender = open_tender(tender)
    bids = bids_of(tender.lots.get())
    low, day = bids[0].pk, selectors_evaluation.law_day(tender)
    assert selectors_evaluation.low_price_signs(tender, bids) == {}
    # From the day after the notice on a lower line would show it; the tender keeps the law it was published under.
    act = {
        "actor": make_user(is_staff=True), "unit": "percent", "instrument": "示例通知", "article": "全文",
        "now": after_deadline(tender),
    }  # fmt: skip
    later = {**act, "valid_from": day + timedelta(days=1)}
    set_parameter(rule_key="low_price_of_next", value=Decimal(65), **later)
    assert selectors_evaluation.low_price_signs(tender, bids) == {}
    # A place of its own may have its own line; the others are the nation's.
    region = tender.organisation.region_id
    set_parameter(rule_key="low_price_of_next", value=Decimal("57.5"), valid_from=day, region_code=region, **act)
    assert selectors_evaluation.low_price_signs(tender, bids) == {low: [LowPrice.OF_NEXT]}
    limit = selectors_evaluation.low_price_limits(tender)[LowPrice.OF_NEXT]
    with translation.override("en"):
        assert sign_words("below_next", limit) == "It is below 57.5% of the next lowest price."
        assert instruments_of([("below_next", limit), ("below_next", limit)]) == "示例通知"


def test_before_the_law_had_a_number_no_price_is_a_sign() -> None:
    tender, _ = sealed_tender([(100_000, 280_000, 290_000)])
    tender = open_tender(tender)
    bids = bids_of(tender.lots.get())
    assert list(selectors_evaluation.low_price_signs(tender, bids)) == [bids[0].pk]
    tender.official_published_at = timezone.make_aware(datetime(2026, 1, 31, 23, 59))
    assert selectors_evaluation.low_price_limits(tender) == {}
    assert selectors_evaluation.low_price_signs(tender, bids) == {}


def test_the_check_ends_with_the_draw_and_the_content_never_changes() -> None:
    tender, _ = sealed_tender()
    for _n in range(4):
        make_expert()
    tender = open_tender(tender)
    qualify_all(tender)
    draw(tender)
    bid = bids_of(tender.lots.get())[0]
    with pytest.raises(errors.CheckClosed):
        services_opening.check_qualification(
            actor=bureau_of(tender).officer,
            opened_bid=bid,
            qualified=False,
            reason="迟到的意见",
            now=after_deadline(tender, days=1),
        )
    for change, rule in (
        ("qualified = false, invalid_code = 'other'", "check_ends_with_draw"),
        ("price = 1", "opened_bid_stays"),
        ("content = '{}'", "opened_bid_stays"),
        ("small_or_micro = true", "opened_bid_stays"),
    ):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE procurement_openedbid SET {change} WHERE id = %s", [bid.pk])  # noqa: S608
        assert refusal.value.__cause__.diag.constraint_name == rule
    with pytest.raises(DatabaseError, match="never goes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procurement_openedbid WHERE id = %s", [bid.pk])
