"""The letter that tells a bidder its own result: own points, own rank, reasons (令87 art. 69). Nobody else's."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.core.i18n import localized
from marketplace.core.pdf import render_pdf
from marketplace.core.words import full_day_words, full_words, money_words
from marketplace.statutes.deadlines import Deadline

from .models import Award, Bid, BidResult, LotFailure
from .scoring import plain
from .selectors_evaluation import contract_deadline

_PAPER = Path(__file__).parent / "papers" / "letter.typ"


@dataclass(frozen=True, slots=True)
class Letter:
    """``kind``: ``won``, ``lost``, ``invalid`` or ``failed`` (the lot ended without an award).

    ``rows``: label and value; ``reasons``: paragraphs; ``signing``: until when the winner signs the contract.
    """

    kind: str
    title: str
    opening: str
    rows: list[tuple[str, str]]
    reasons: list[str]
    closing: str
    decided: str
    decided_by: str
    signing: Deadline | None = None


def letter_of(bid: Bid) -> Letter:
    """The letter in the active language, of a bid whose tender is decided."""
    award = Award.objects.select_related("bid__supplier", "lot__tender__organisation").filter(lot_id=bid.lot_id).first()
    failure = LotFailure.objects.filter(lot_id=bid.lot_id).first()
    result = BidResult.objects.select_related("opened_bid").filter(opened_bid__bid_id=bid.pk).first()
    opened = bid.opened
    rows = [
        (_("View the procurement"), f"{bid.lot.tender.reference} {localized(bid.lot.tender, 'title')}"),
        (_("Lot"), f"{bid.lot.number} · {localized(bid.lot, 'title')}"),
        (str(capfirst(bid.lot.tender.wording.bidder)), localized(bid.supplier, "name")),
    ]
    if opened.price is not None:
        rows.append((_("Price quoted"), money_words(opened.price)))
    if result is not None:
        how = result.explanation
        if how["adjusted"] != how["quoted"]:
            rows.append(
                (
                    _("Price for evaluation"),
                    _("%(price)s (reduced by %(cut)s%% for a small or micro enterprise)")
                    % {"price": money_words(result.adjusted_price), "cut": plain(how["cut_percent"])},
                )
            )
        rows += [
            (_("Points for the price"), _points(result.price_points)),
            (_("Points for the other factors (mean)"), _points(result.other_points)),
            (_("Total score"), _points(result.total_points)),
            (_("Rank"), _("%(rank)s of %(of)s") % {"rank": result.rank, "of": how["of"]}),
        ]
    kind, title, opening, reasons, closing = _words(bid, award, failure, result)
    decision = award or failure
    signing = contract_deadline(award) if award is not None and kind == "won" else None
    if signing is not None:
        rows.append((_("Contract to be signed by"), full_day_words(signing.date)))
    return Letter(
        kind=kind,
        title=title,
        opening=opening,
        rows=rows,
        reasons=reasons,
        closing=closing,
        decided=full_words(decision.decided_at) if decision else "",
        decided_by=localized(bid.lot.tender.organisation, "name"),
        signing=signing,
    )


def _words(
    bid: Bid, award: Award | None, failure: LotFailure | None, result: BidResult | None
) -> tuple[str, str, str, list[str], str]:
    firm = {"firm": localized(bid.supplier, "name"), "bid": bid.lot.tender.wording.bid}
    if award is not None and award.bid_id == bid.pk:
        return (
            "won",
            str(bid.lot.tender.wording.award_letter),
            str(bid.lot.tender.wording.accepted) % firm,
            [localized(award, "reasons")],
            _(
                "The contract is signed within 30 days of this letter, on the terms of the tender documents and your bid "
                "(Government Procurement Law, art. 46). Whoever refuses without a lawful reason is liable."
            ),
        )
    challenge = _(
        "A supplier who considers its rights harmed may challenge the result with the buyer in writing within seven "
        "working days of the end of the notice period (Government Procurement Law, art. 52)."
    )
    if failure is not None and bid.opened.qualified is not False:
        opening = _("%(firm)s: the lot you bid for ended without an award. Your %(bid)s was not found invalid.") % firm
        return "failed", _("Letter of result"), opening, [localized(failure, "reason")], challenge
    if result is None:
        reasons = [str(bid.opened.get_invalid_code_display())]
        if bid.opened.invalid_reason:
            reasons.append(bid.opened.invalid_reason)
        opening = _("%(firm)s: your %(bid)s was found invalid and was not scored.") % firm
        return "invalid", _("Letter of result"), opening, reasons, challenge
    reasons = [
        _("Price: %(base)s ÷ %(adjusted)s × %(weight)s = %(points)s points (lowest valid price ÷ your price × weight).")
        % {
            "base": _price(result, "base"),
            "adjusted": _price(result, "adjusted"),
            "weight": plain(result.explanation["price_weight"]),
            "points": f"{result.price_points:.2f}",
        },
        _("Other factors: the mean of the %(n)s members' points: %(points)s.")
        % {"n": len(result.explanation["members"]), "points": ", ".join(result.explanation["members"])},
        _("The award went to the bid ranked first; yours is ranked %(rank)s.") % {"rank": result.rank},
    ]
    if result.explanation["tie"]:
        reasons.append(_("Totals were equal; the tie was broken as the documents provide."))
    return "lost", _("Letter of result"), _("%(firm)s: your bid was not chosen.") % firm, reasons, challenge


def _points(value: Decimal) -> str:
    return _("%(n)s points") % {"n": f"{value:.2f}"}


def _price(result: BidResult, name: str) -> str:
    return money_words(Decimal(result.explanation[name]))


def letter_paper(bid: Bid) -> bytes:
    """The letter on one page, as PDF in the active language."""
    letter = letter_of(bid)
    return render_pdf(
        _PAPER.read_text(encoding="utf-8"),
        {
            "lang": "en" if (get_language() or "").startswith("en") else "zh",
            "site": _("Public legal services marketplace"),
            "title": letter.title,
            "opening": letter.opening,
            "rows": letter.rows,
            "reasons_title": _("Reasons"),
            "reasons": letter.reasons,
            "closing": letter.closing,
            "by": letter.decided_by,
            "at": letter.decided,
            "foot": _("Receipt %(receipt)s · SHA-256 of the sealed bid %(digest)s")
            % {"receipt": bid.receipt_id, "digest": bid.digest},
        },
    )
