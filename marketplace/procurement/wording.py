"""The words of a method.

An open tender takes 投标文件 of 投标人, which an 评标委员会 judges: it ends with a 中标 or as 废标 (政府采购法 art. 36, 令87).
A consultation takes 响应文件 of 供应商, which a 磋商小组 judges: it ends with a 成交 or is terminated
(财库〔2014〕214号 arts. 34 and 35, 财库〔2015〕124号). English has one word for most of these pairs. It imports no model,
so that models may ask it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Wording:
    """Nouns stand inside sentences; ``end`` is what a button says.

    ``grounds`` and ``reasons`` go by ``FailureGround``; reasons take ``fewest``. The ``…_law`` are the articles that stand
    behind a step; Order 87 is about tenders only (令87 art. 2), and no article of 214号 sends points to those not chosen.
    """

    bid: Any
    bids: Any
    bidder: Any
    bidders: Any
    panel: Any
    winner: Any
    awarded: Any
    awarded_to_you: Any
    not_chosen: Any
    award_letter: Any
    accepted: Any
    until: Any
    open: Any
    closed: Any
    opening: Any
    opened: Any
    ended: Any
    ending: Any
    end: Any
    grounds: dict[str, Any]
    reasons: dict[str, Any]
    grounds_law: Any
    sealed_law: Any
    over_law: Any
    low_price: Any
    price_law: Any
    alone_law: Any
    review_law: Any
    letter_law: Any


_OPEN = Wording(
    bid=pgettext_lazy("open tender", "bid"),
    bids=pgettext_lazy("open tender", "bids"),
    bidder=pgettext_lazy("open tender", "bidder"),
    bidders=pgettext_lazy("open tender", "bidders"),
    panel=pgettext_lazy("open tender", "panel"),
    winner=pgettext_lazy("open tender", "winner"),
    awarded=pgettext_lazy("open tender", "awarded"),
    awarded_to_you=pgettext_lazy("open tender", "awarded to you"),
    not_chosen=pgettext_lazy("open tender", "not chosen"),
    award_letter=pgettext_lazy("open tender", "Letter of award"),
    accepted=pgettext_lazy("open tender", "%(firm)s: your bid is accepted."),
    until=pgettext_lazy("open tender", "Bids until"),
    open=pgettext_lazy("open tender", "open for bids"),
    closed=pgettext_lazy("open tender", "bids closed"),
    opening=pgettext_lazy("open tender", "Opening"),
    opened=pgettext_lazy("open tender", "bids opened"),
    ended=pgettext_lazy("open tender", "failed"),
    ending=pgettext_lazy("open tender", "failure"),
    end=pgettext_lazy("open tender", "End the procurement without an award"),
    grounds={
        "too_few": _("too few bidders, or too few that meet the conditions (art. 36, item 1)"),
        "unlawful": _("unlawful acts that affect fairness (art. 36, item 2)"),
        "over_budget": _("every price is above what the buyer can pay (art. 36, item 3)"),
        "cancelled": _("the task is cancelled by a major change of circumstances (art. 36, item 4)"),
    },
    reasons={
        "too_few": _(
            "Fewer than %(fewest)s bidders took part or met the conditions "
            "(Government Procurement Law, art. 36, item 1)."
        ),
        "unlawful": _(
            "Unlawful acts affected the fairness of the procedure (Government Procurement Law, art. 36, item 2)."
        ),
        "over_budget": _(
            "Every price is above the budget, which the buyer cannot exceed "
            "(Government Procurement Law, art. 36, item 3)."
        ),
        "cancelled": _(
            "A major change of circumstances cancels the task (Government Procurement Law, art. 36, item 4)."
        ),
    },
    grounds_law=_("Government Procurement Law, art. 36"),
    sealed_law=_("MOF Order 87, art. 33"),
    over_law=_("MOF Order 87, art. 63"),
    low_price=_("Ask the bidder to explain it. It decides nothing by itself (MOF Order 87, art. 60)."),
    price_law=_("MOF Order 87, art. 55"),
    alone_law=_("MOF Order 87, arts. 55, 66"),
    review_law=_("MOF Order 87, art. 64"),
    letter_law=_("MOF Order 87, art. 69"),
)

_CONSULTATION = Wording(
    bid=pgettext_lazy("consultation", "bid"),
    bids=pgettext_lazy("consultation", "bids"),
    bidder=pgettext_lazy("consultation", "bidder"),
    bidders=pgettext_lazy("consultation", "bidders"),
    panel=pgettext_lazy("consultation", "panel"),
    winner=pgettext_lazy("consultation", "winner"),
    awarded=pgettext_lazy("consultation", "awarded"),
    awarded_to_you=pgettext_lazy("consultation", "awarded to you"),
    not_chosen=pgettext_lazy("consultation", "not chosen"),
    award_letter=pgettext_lazy("consultation", "Letter of award"),
    accepted=pgettext_lazy("consultation", "%(firm)s: your bid is accepted."),
    until=pgettext_lazy("consultation", "Bids until"),
    open=pgettext_lazy("consultation", "open for bids"),
    closed=pgettext_lazy("consultation", "bids closed"),
    opening=pgettext_lazy("consultation", "Opening"),
    opened=pgettext_lazy("consultation", "bids opened"),
    ended=pgettext_lazy("consultation", "terminated"),
    ending=pgettext_lazy("consultation", "termination"),
    end=pgettext_lazy("consultation", "End the procurement without an award"),
    grounds={
        "too_few": _("too few suppliers meet the requirements (Caiku [2014] 214, art. 34, item 3)"),
        "unlawful": _("unlawful acts that affect fairness (Caiku [2014] 214, art. 34, item 2)"),
        "over_budget": _("no price is within the budget (Caiku [2014] 214, art. 34, item 3)"),
        "cancelled": _("the task is cancelled by a major change of circumstances (Caiku [2014] 214, art. 35)"),
    },
    reasons={
        "too_few": _(
            "Fewer than %(fewest)s suppliers met the requirements, so the consultation ended (Caiku [2014] "
            "214, art. 34, item 3; Caiku [2015] 124)."
        ),
        "unlawful": _("Unlawful acts affected the fairness of the consultation (Caiku [2014] 214, art. 34, item 2)."),
        "over_budget": _("No price is within the budget (Caiku [2014] 214, art. 34, item 3)."),
        "cancelled": _("A major change of circumstances cancels the task (Caiku [2014] 214, art. 35)."),
    },
    grounds_law=_("Caiku [2014] 214, arts. 34 and 35"),
    sealed_law=_("Caiku [2014] 214, art. 13"),
    # Above the ceiling a response does not meet the document in substance.
    over_law=_("Caiku [2014] 214, art. 16"),
    low_price=_("Ask the supplier to explain it. It decides nothing by itself."),
    price_law=_("Caiku [2014] 214, art. 24"),
    alone_law=_("Caiku [2014] 214, arts. 15, 24"),
    review_law=_("Caiku [2014] 214, art. 32"),
    letter_law="",
)


def wording(method: str) -> Wording:
    """The words of ``method``, a value of ``Method``."""
    return _OPEN if method == "open" else _CONSULTATION
