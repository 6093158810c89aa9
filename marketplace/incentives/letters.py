"""What people are told by mail about the subsidies they claimed."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace.core.i18n import localized
from marketplace.core.mail import tell
from marketplace.core.words import day_words, money_words

from .models import PayoutClaim

#: in the language of the part of the letter in which they stand
_in_words = lazy(localized, str)
_day = lazy(day_words, str)


def claim_returned(claim: PayoutClaim, reason: str) -> None:
    """Nothing is paid until the person claims again."""
    tell(
        [claim.person],
        _("Your claim of %(amount)s was returned"),
        _(
            "%(payer)s returned the subsidy claim that you submitted on %(day)s (%(amount)s). What is owed to you stays owed: "
            "put right what is missing, then claim it again. Reason: %(reason)s"
        ),
        reverse("incentives:claims"),
        payer=_in_words(claim.payer, "name"),
        day=_day(timezone.localdate(claim.submitted_at)),
        amount=money_words(claim.amount),
        reason=reason,
    )


def claim_paid(claim: PayoutClaim) -> None:
    tell(
        [claim.person],
        _("Your subsidy of %(amount)s was paid"),
        _(
            "%(payer)s recorded as paid the subsidy that you claimed on %(day)s: %(amount)s. If the money does not reach you, "
            "ask there."
        ),
        reverse("incentives:claims"),
        payer=_in_words(claim.payer, "name"),
        day=_day(timezone.localdate(claim.submitted_at)),
        amount=money_words(claim.amount),
    )
