"""The key of a tender: made at publication, split among key-holders, kept nowhere.

The private half exists twice, each time only in the memory of one call: when it is split, and when at least
``threshold`` released shares are put together at the opening. Shares are Shamir's, in the form of SLIP-39, whose
digest tells a wrong share from a right one. Each lies in the table sealed to its holder's own key, which only the
holder's passphrase can make again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import shamir_mnemonic
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from marketplace.accounts.models import KeyHolderKey, User
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.sealing import CannotOpen, derive_holder_key, new_key_pair, open_sealed, seal_to

from .models import KeyShare, Lot, Tender

MIN_THRESHOLD = 2
MAX_HOLDERS = 16


class KeyNotPossible(InvalidInput):
    """The tender's key cannot be shared among these people."""

    code = "key_not_possible"


class WrongPassphrase(DomainError):
    code = "wrong_passphrase"
    message = _("This passphrase does not open your share. Nothing was released: try again.")
    http_status = 422


class SharesDoNotFit(DomainError):
    code = "shares_do_not_fit"
    message = _("The released shares do not make this tender's key. Ask the supervisor to look at the record.")


def share_context(tender_id: int, holder_id: int) -> bytes:
    """What binds a sealed share to its tender and its holder."""
    return f"tender:{tender_id}:key-share:{holder_id}".encode()


def bid_context(lot: Lot, supplier_id: int) -> bytes:
    """What binds a sealed bid to its tender, its lot and its supplier: a ciphertext cannot be moved to another row."""
    return f"tender:{lot.tender_id}:lot:{lot.pk}:supplier:{supplier_id}".encode()


@sensitive_variables("private", "shares")
def create_tender_key(*, tender: Tender, holders: Sequence[User], threshold: int, now: datetime) -> bytes:
    """Make the tender's key pair, give every holder a sealed share, and return the public half (32 raw bytes).

    Any ``threshold`` of the holders can open, fewer learn nothing. To be called once, in the publication's transaction.

    Raises:
        KeyNotPossible: fewer than two needed, more needed than there are holders, a holder named twice or without a key.
    """
    holder_ids = [holder.pk for holder in holders]
    if len(set(holder_ids)) != len(holder_ids):
        raise KeyNotPossible(_("A key-holder is named twice. Name different people."), field="holders")
    if not MIN_THRESHOLD <= threshold <= len(holder_ids) <= MAX_HOLDERS:
        raise KeyNotPossible(
            _("At least two key-holders must be needed to open, and no more than there are. Name more key-holders."),
            field="holders",
        )
    keys = {
        key.user_id: key for key in KeyHolderKey.objects.filter(user_id__in=holder_ids, retired_at=None).order_by("pk")
    }
    for holder in holders:
        if holder.pk not in keys:
            raise KeyNotPossible(
                _("%(holder)s has not made a key yet. Ask them to set a passphrase on their account page."),
                field="holders",
                holder=str(holder),
            )
    private, public = new_key_pair()
    # The master secret is random already, so SLIP-39's own passphrase stretching (the exponent) adds nothing.
    shares = shamir_mnemonic.generate_mnemonics(1, [(threshold, len(holder_ids))], private, iteration_exponent=0)[0]
    KeyShare.objects.bulk_create(
        KeyShare(
            tender=tender,
            holder=holder,
            holder_key=keys[holder.pk],
            sealed_share=seal_to(
                bytes(keys[holder.pk].public_key), share.encode(), share_context(tender.pk, holder.pk)
            ),
        )
        for holder, share in zip(holders, shares, strict=True)
    )
    return public


@sensitive_variables("passphrase", "private", "_public")
def open_share(share: KeyShare, passphrase: str) -> str:
    """The holder's share in the clear.

    Raises:
        WrongPassphrase: the passphrase makes another key.
    """
    private, _public = derive_holder_key(passphrase, bytes(share.holder_key.salt))
    try:
        return open_sealed(private, bytes(share.sealed_share), share_context(share.tender_id, share.holder_id)).decode()
    except CannotOpen:
        raise WrongPassphrase from None


@sensitive_variables("shares", "private")
def combine(shares: Iterable[str], threshold: int, public: bytes) -> bytes:
    """The tender's private key from at least ``threshold`` released shares; the caller forgets it at once.

    Raises:
        SharesDoNotFit: too few, or not the shares of this key.
    """
    # SLIP-39 wants exactly as many shares as are needed.
    chosen = list(shares)[:threshold]
    try:
        private: bytes = shamir_mnemonic.combine_mnemonics(chosen)
        made = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    except (shamir_mnemonic.MnemonicError, ValueError):
        raise SharesDoNotFit from None
    if made != public:
        raise SharesDoNotFit
    return private
