"""A tender's key: in shares sealed to their holders, and nowhere else."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from marketplace.core import clock, sealing
from marketplace.core.sealing import CannotOpen, derive_holder_key, open_sealed, seal_to
from marketplace.procurement import keys
from marketplace.procurement.models import KeyShare, Tender
from tests.factories.accounts import make_user
from tests.factories.procurement import PASSPHRASE, bureau_of, make_tender

pytestmark = pytest.mark.django_db


@pytest.fixture
def tender() -> Tender:
    made: Tender = make_tender(lots=1)
    return made


def shares_of(tender: Tender) -> list[str]:
    return [keys.open_share(share, PASSPHRASE) for share in tender.key_shares.select_related("holder_key")]


def test_any_two_of_three_make_the_key_and_one_does_not(tender: Tender) -> None:
    shares = shares_of(tender)
    assert len(shares) == 3
    public = bytes(tender.public_key)
    sealed = seal_to(public, "报价 270000".encode(), b"context")
    for pair in itertools.combinations(shares, 2):
        private = keys.combine(pair, 2, public)
        assert open_sealed(private, sealed, b"context").decode() == "报价 270000"
    for one in shares:
        with pytest.raises(keys.SharesDoNotFit):
            keys.combine([one], 2, public)
        with pytest.raises(keys.SharesDoNotFit):
            keys.combine([one, one], 2, public)


def test_shares_of_two_tenders_do_not_mix(tender: Tender) -> None:
    other = make_tender(lots=1)
    with pytest.raises(keys.SharesDoNotFit):
        keys.combine([shares_of(tender)[0], shares_of(other)[1]], 2, bytes(tender.public_key))
    with pytest.raises(keys.SharesDoNotFit):
        keys.combine(shares_of(other), 2, bytes(tender.public_key))


def test_a_changed_word_is_noticed(tender: Tender) -> None:
    one, two, _three = shares_of(tender)
    words = one.split()
    words[5] = "academic" if words[5] != "academic" else "acid"
    with pytest.raises(keys.SharesDoNotFit):
        keys.combine([" ".join(words), two], 2, bytes(tender.public_key))


def test_a_share_opens_for_its_holder_and_its_tender_only(tender: Tender) -> None:
    share, other = tender.key_shares.select_related("holder_key")[:2]
    with pytest.raises(keys.WrongPassphrase):
        keys.open_share(share, "not the passphrase at all")
    private, _public = derive_holder_key(PASSPHRASE, bytes(share.holder_key.salt))
    for context in (
        keys.share_context(tender.pk + 1, share.holder_id),
        keys.share_context(tender.pk, other.holder_id),
    ):
        with pytest.raises(CannotOpen):
            open_sealed(private, bytes(share.sealed_share), context)


def test_production_stretches_a_passphrase_as_it_says(holder_key_cost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "HOLDER_KEY_COST", holder_key_cost)
    private, _public = derive_holder_key(PASSPHRASE, b"sixteen bytes ok")
    expected = hashlib.scrypt(PASSPHRASE.encode(), salt=b"sixteen bytes ok", n=2**15, r=8, p=1, maxmem=2**26, dklen=32)
    assert private == expected


def test_the_private_key_stands_in_no_column(tender: Tender) -> None:
    private = keys.combine(shares_of(tender), 2, bytes(tender.public_key))
    share_texts = shares_of(tender)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND data_type IN ('bytea', 'text', 'character varying', 'jsonb')"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT convert_to("{column}"::text, \'UTF8\') FROM "{table}"')  # noqa: S608
            for (value,) in cursor.fetchall():
                text = bytes(value or b"")
                assert private.hex().encode() not in text, (table, column)
                assert not any(share.encode() in text or share.encode().hex().encode() in text for share in share_texts)


def test_who_can_hold_shares() -> None:
    tender = make_tender(lots=1, state="approved")
    holders = bureau_of(tender).holders
    now = clock.now()
    stranger = make_user()
    for wanted, threshold, message in (
        (holders[:1], 1, "At least two"),
        (holders, 1, "At least two"),
        (holders[:2], 3, "At least two"),
        ([holders[0], holders[0]], 2, "named twice"),
        ([holders[0], stranger], 2, str(stranger)),
    ):
        with pytest.raises(keys.KeyNotPossible) as refusal:
            keys.create_tender_key(tender=tender, holders=wanted, threshold=threshold, now=now)
        assert refusal.value.code == "key_not_possible"
        with translation.override("en"):
            assert message in str(refusal.value)
    assert not KeyShare.objects.exists()


def test_a_share_stays_in_the_database_and_opens_no_earlier_than_the_deadline(tender: Tender) -> None:
    share = tender.key_shares.first()
    for sql, rule in (
        ("UPDATE procurement_keyshare SET sealed_share = 'x'::bytea WHERE id = %s", "share_stays"),
        ("UPDATE procurement_keyshare SET released = 'x'::bytea WHERE id = %s", "share_released_after_deadline"),
        (
            """UPDATE procurement_keyshare SET released = 'x'::bytea, released_at =
               (SELECT bid_deadline FROM procurement_tender t WHERE t.id = tender_id) WHERE id = %s""",
            "share_released_after_deadline",
        ),
        ("DELETE FROM procurement_keyshare WHERE id = %s", "share_never_goes"),
    ):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [share.pk])
        assert refusal.value.__cause__.diag.constraint_name == rule
