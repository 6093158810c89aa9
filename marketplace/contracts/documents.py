"""The contract as a paper: written from the tables in the active language, and kept once both sides have signed."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from catalog.standards import standard_words
from marketplace.core import clock
from marketplace.core.i18n import localized
from marketplace.core.pdf import render_pdf
from marketplace.core.words import exact_words, money_words
from marketplace.statutes.errors import UnknownRule
from marketplace.statutes.selectors import parameter

from .models import Contract, Obligation, SignedPaper
from .services_contract import instalment_shares, places_of, post_shares
from .standard import obligations_of
from .templatetags.contracts import seat_words

_PAPER = Path(__file__).parent / "papers" / "contract.typ"


def _english() -> bool:
    return (get_language() or "").startswith("en")


def _say(day: date) -> str:
    return formats.date_format(day, "j F Y" if _english() else "Y年n月j日")


def _span(first: date, last: date) -> str:
    return _("%(first)s to %(last)s") % {"first": _say(first), "last": _say(last)}


def contract_paper(contract: Contract) -> bytes:
    """PDF of ``contract``: of a draft, what it will say when both sides sign; of a signed one, what they signed."""
    version = contract.award.lot.product_version
    data = {
        "lang": "en" if _english() else "zh",
        "kind": _("Contract of government procurement of services"),
        "title": localized(contract, "title"),
        "number": contract.number,
        "buyer": localized(contract.buyer, "name"),
        "notice": "" if contract.buyer_signed_at else _("Draft: not signed by both sides."),
        "facts": [
            (_("Buyer"), localized(contract.buyer, "name")),
            (_("Supplier"), localized(contract.supplier, "name")),
            (_("Unified social credit code"), contract.supplier.credit_code or "–"),
            (_("Amount"), money_words(contract.amount)),
            (_("Term"), _span(contract.starts_on, contract.ends_on)),
            (_("Tender"), contract.award.lot.tender.reference),
        ],
        "obligations": [
            [localized(line, "title"), _how_much(line), localized(line, "evidence")]
            for line in obligations_of(contract.award.lot)
        ],
        "standard": _("%(title)s, version %(n)s, SHA-256 %(digest)s")
        % {"title": localized(version, "title"), "n": version.number, "digest": version.digest},
        "payment": [
            _(
                "Each instalment is paid after the buyer has accepted the period item by item and the people "
                "served were heard."
            ),
            *_when_paid(contract),
            _(
                "For every post: its share of the instalment × the mean, over the obligations that can be counted, of "
                "the part not delivered. An obligation that is met within its tolerance costs nothing. Rounded to the "
                "fen. The buyer may deduct less, with a reason, and never more."
            ),
        ],
        "instalments": [
            [str(n), _span(first, last), money_words(share)]
            for n, (first, last, share) in enumerate(instalment_shares(contract), start=1)
        ],
        "places": _places(contract),
        "signatures": [
            (_("For the supplier"), *_signature(contract.supplier_signed_by, contract.supplier_signed_at)),
            (_("For the buyer"), *_signature(contract.buyer_signed_by, contract.buyer_signed_at)),
        ],
        "words": {
            "promised": _("Agreed service"),
            "promised_columns": [_("Obligation"), _("How much"), _("What proves it")],
            "paid": _("How it is paid"),
            "paid_columns": [_("No."), _("Period"), _("Amount")],
            "places": _("Places served"),
            "places_columns": [_("Code"), _("Place"), _("Share")],
            "signed": _("Signatures"),
        },
    }
    return render_pdf(_PAPER.read_text(encoding="utf-8"), data)


def keep_papers(contract: Contract, *, now: datetime) -> dict[str, str]:
    """Keep the paper of ``contract``, which is being signed, in every language; gives language → SHA-256."""
    papers = []
    for language, _name in settings.LANGUAGES:
        with override(language):
            content = contract_paper(contract)
        digest = sha256(content).hexdigest()
        papers.append(SignedPaper(contract=contract, language=language, content=content, digest=digest, made_at=now))
    SignedPaper.objects.bulk_create(papers)
    return {paper.language: paper.digest for paper in papers}


def signed_paper(contract: Contract) -> bytes | None:
    """What was signed, in the active language; None where it was not kept: the contract is a draft, or older than that."""
    content = contract.papers.filter(language=get_language()).values_list("content", flat=True).first()
    return None if content is None else bytes(content)


def signed_digest(contract: Contract) -> str:
    """The SHA-256 of ``signed_paper``, without reading it; empty where there is none."""
    return contract.papers.filter(language=get_language()).values_list("digest", flat=True).first() or ""


def _how_much(line: Obligation) -> str:
    said = [standard_words(line)]
    if line.tolerance:
        said.append(_("(%(n)s%% tolerance)") % {"n": line.tolerance})
    if line.shared_by > 1:
        said.append(_("(shared equally among its %(n)s seats)") % {"n": line.shared_by})
    return " ".join(said)


def _when_paid(contract: Contract) -> list[str]:
    """The time for payment and the interest after it, by the law of the day on which the buyer signs."""
    on = timezone.localdate(contract.buyer_signed_at or clock.now())
    try:
        due, late = (parameter(key, on, contract.buyer.region_id) for key in ("payment_due", "late_interest"))
    except UnknownRule:
        return []
    return [
        _(
            "The buyer pays within %(days)s days of acceptance; a later payment bears interest of %(rate)s%% a day "
            "(%(instrument)s, %(article)s and %(late)s)."
        )
        % {
            "days": f"{due.value.normalize():f}",
            "rate": f"{late.value.normalize():f}",
            "instrument": localized(due, "instrument"),
            "article": due.article_text,
            "late": late.article_text,
        }
    ]


def _signature(person: Any, at: Any) -> tuple[str, str]:
    return (localized(person, "display_name"), exact_words(at)) if person and at else ("–", _("not signed yet"))


def _places(contract: Contract) -> list[list[str]]:
    places = places_of(contract.award.lot)
    return [
        [str(region.code), localized(region, "name") + seat_words(seat), money_words(share)]
        for (region, seat), share in zip(places, post_shares(contract, places), strict=True)
    ]
