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

    ``grounds`` and ``reasons`` go by ``FailureGround``; reasons take ``fewest``.
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
    ended: Any
    ending: Any
    end: Any
    grounds: dict[str, Any]
    reasons: dict[str, Any]
    grounds_law: Any


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
    ended=pgettext_lazy("open tender", "failed"),
    ending=pgettext_lazy("open tender", "failure"),
    end=pgettext_lazy("open tender", "End it without an award"),
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
    ended=pgettext_lazy("consultation", "terminated"),
    ending=pgettext_lazy("consultation", "termination"),
    end=pgettext_lazy("consultation", "End it without an award"),
    grounds={
        "too_few": _("too few suppliers meet the requirements (Caiku [2014] 214, art. 34, item 3)"),
        "unlawful": _("unlawful acts that affect fairness (Caiku [2014] 214, art. 34, item 2)"),
        "over_budget": _("no price is within the budget (Caiku [2014] 214, art. 34, item 3)"),
        "cancelled": _("the task is cancelled by a major change of circumstances (Caiku [2014] 214, art. 35)"),
    },
    reasons={
        "too_few": _(
            "Fewer than %(fewest)s suppliers met the requirements, so the consultation ends "
            "(Caiku [2014] 214, art. 34, item 3; Caiku [2015] 124)."
        ),
        "unlawful": _("Unlawful acts affected the fairness of the consultation (Caiku [2014] 214, art. 34, item 2)."),
        "over_budget": _("No price is within the budget (Caiku [2014] 214, art. 34, item 3)."),
        "cancelled": _("A major change of circumstances cancels the task (Caiku [2014] 214, art. 35)."),
    },
    grounds_law=_("Caiku [2014] 214, arts. 34 and 35"),
)


def wording(method: str) -> Wording:
    """The words of ``method``, a value of ``Method``."""
    return _OPEN if method == "open" else _CONSULTATION
