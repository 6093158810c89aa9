"""Papers of buying as PDF, in the active language: the procurement document, the receipt of a bid."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import segno
from django.conf import settings
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from catalog.standards import standard_words
from marketplace.core.i18n import localized
from marketplace.core.pdf import render_pdf
from marketplace.core.units import yuan
from marketplace.core.words import exact_words, money_words
from marketplace.statutes.deadlines import Deadline

from . import selectors
from .models_bidding import Bid
from .models_tender import NoticeKind, Tender
from .scoring import plain

_PAPERS = Path(__file__).parent / "papers"


def _paper(name: str) -> str:
    return (_PAPERS / f"{name}.typ").read_text(encoding="utf-8")


def _lang() -> str:
    return "en" if (get_language() or "").startswith("en") else "zh"


def _bound(deadline: Deadline) -> str:
    """A statutory date with what it is: the first lawful day, or the last."""
    if deadline.sense == "at_least" and deadline.direction != "before":
        return _("not before %(day)s") % {"day": _day(deadline.date)}
    return _("not after %(day)s") % {"day": _day(deadline.date)}


def _day(value: date) -> str:
    return formats.date_format(value, "j F Y" if _lang() == "en" else "Y年n月j日")


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def tender_document(tender: Tender) -> bytes:
    """The procurement document of a published tender: everything a bidder has to know."""
    views = selectors.lot_views(tender)
    total = yuan(sum(view.lot.ceiling.amount for view in views))
    plan = tender.plan
    joint = _(", ") if _lang() == "en" else "、"
    buyer = tender.organisation
    facts = [
        (_("Buyer"), _(", ").join(filter(None, (localized(buyer, "name"), buyer.address, buyer.phone)))),
        (_("Contact person"), f"{localized(tender.drafted_by, 'display_name')} {buyer.phone}".strip()),
        (_("Method"), tender.get_method_display()),
        (_("Budget (total of the lots' ceilings)"), money_words(total)),
        (
            _("Term of service"),
            _("%(first)s to %(last)s") % {"first": _day(plan.service_from), "last": _day(plan.service_to)},
        ),
        (_("Official notice"), tender.official_url),
        (_("Questions until"), exact_words(tender.question_deadline) if tender.question_deadline else "–"),
        (str(tender.wording.until), exact_words(tender.bid_deadline) if tender.bid_deadline else "–"),
        (str(tender.wording.opening), _("On this site, after the deadline, by the key-holders")),
    ]
    english = _lang() == "en"
    data = {
        "lang": _lang(),
        "title": localized(tender, "title"),
        "kind": _("Consultation document") if tender.method == "consultation" else _("Tender document"),
        "reference": tender.reference,
        "buyer": localized(tender.organisation, "name"),
        "facts": facts,
        "description": _paragraphs(localized(tender, "description")),
        "qualification": _paragraphs(localized(tender, "qualification")),
        "words": {
            "description": _("What is bought"),
            "dates": _("Dates and their reasons"),
            "date_columns": [_("What"), _("Date"), _("Why")],
            "criteria": _("How bids are scored"),
            "criteria_columns": [_("Factor"), pgettext("criterion", "Points"), _("How it is scored")],
            "standard_columns": [_("Obligation"), _("How much"), _("What proves it")],
            "qualification": _("Who may bid"),
            "how": _("How to bid"),
            "amendments": _("Amendments"),
        },
        "dates": [
            [(english and d.title_en) or d.title, _bound(d), d.explanation] for d in selectors.timetable_of(tender)
        ],
        "lots": [
            {
                "title": _("Lot %(n)s: %(title)s") % {"n": view.lot.number, "title": localized(view.lot, "title")},
                "facts": [
                    (_("Ceiling"), money_words(view.lot.ceiling)),
                    (_("Area served"), str(view.area)),
                    *([(_("Quantity"), view.bought)] if view.bought else []),
                ],
                "places": [
                    (
                        f"{localized(t.region, 'name')} ({len(t.villages)}): "
                        if english
                        else f"{localized(t.region, 'name')}（{len(t.villages)}）："
                    )
                    + joint.join(localized(region, "name") for region in t.villages)
                    for t in view.townships
                ],
                "criteria": [[localized(c, "title"), plain(c.points), localized(c, "guidance")] for c in view.criteria],
            }
            for view in views
        ],
        "standards": [
            {
                "title": _("Service standard: %(title)s, version %(n)s")
                % {"title": localized(version, "title"), "n": version.number},
                "rows": [
                    [localized(line, "title"), standard_words(line), localized(line, "evidence")] for line in lines
                ],
                "digest": f"SHA-256 {version.digest}",
            }
            for version, lines in selectors.standard_of(views)
        ],
        "how": _how(tender),
        "amendments": [
            f"{_day(timezone.localdate(n.published_at))}{': ' if english else '：'}{localized(n.content, 'reason')} "
            f"({_instant(n.content['before'])} → {_instant(n.content['after'])})"
            for n in tender.notices.filter(kind=NoticeKind.AMENDMENT).order_by("published_at", "pk")
        ],
    }
    return render_pdf(_paper("tender"), data)


def _instant(dates: Mapping[str, str]) -> str:
    """The deadline of an amendment, as the rest of the paper writes instants."""
    return exact_words(datetime.fromisoformat(dates["bid_deadline"]))


def _how(tender: Tender) -> list[str]:
    return [
        _("Bid at %(url)s. Registering there is free; no entry on any list and no bought document is needed.")
        % {"url": f"{settings.SITE_URL}{reverse('procurement:bid_start', args=[tender.pk])}"},
        _(
            "A bid is encrypted on receipt with this procurement's key. %(n)s key-holders must come together "
            "to open it, after the deadline; until then nobody can read it, not even its supplier. Keep a copy "
            "before you seal."
        )
        % {"n": tender.key_threshold},
        _("Until the deadline a bid may be replaced or withdrawn. The last one counts."),
        _("Small and micro enterprises: on their declaration, their price is reduced by %(cut)s%% for the evaluation.")
        % {"cut": plain(tender.small_firm_cut)},
    ]


def receipt_paper(bid: Bid) -> bytes:
    """The receipt on one page, with a code that leads to the page where it is checked."""
    receipt = bid.receipt
    address = f"{settings.SITE_URL}{reverse('procurement:verify')}"
    code = io.BytesIO()
    segno.make(f"{address}#{receipt['receipt']}", error="m").save(code, kind="svg", border=1)
    tender = bid.lot.tender
    rows = [
        (_("Procurement"), f"{tender.reference} {localized(tender, 'title')}"),
        (_("Lot"), f"{bid.lot.number} {localized(bid.lot, 'title')}"),
        (_("Buyer"), localized(tender.organisation, "name")),
        (_("Supplier"), f"{localized(bid.supplier, 'name')} {receipt['supplier']}"),
        (
            _("Received"),
            _("%(at)s Beijing time") % {"at": receipt["received_at"].replace("T", " ").removesuffix("+08:00")},
        ),
        (
            _("Deadline"),
            _("%(at)s Beijing time") % {"at": receipt["deadline"].replace("T", " ").removesuffix("+08:00")},
        ),
        (_("Size of the sealed bid"), _("%(n)s bytes") % {"n": f"{receipt['size']:,}"}),
    ]
    data = {
        "lang": _lang(),
        "site": _("Public legal services marketplace"),
        "title": _("Receipt of a bid"),
        "lead": _("This bid was received in time and stored sealed. Nobody can read it before the opening."),
        "rows": rows,
        "check": _("Check this receipt: %(address)s") % {"address": address},
        "proof": [
            (_("Number"), receipt["receipt"]),
            (_("SHA-256 of the sealed content"), receipt["digest"]),
            (_("Signature (Ed25519, key %(key)s)") % {"key": receipt["key"]}, receipt["signature"]),
            (_("Place in the record"), str(receipt["audit_event"])),
        ],
        "foot": _("The signed form is the JSON file of the same page; this paper is for people."),
    }
    return render_pdf(_paper("receipt"), data, files={"code.svg": code.getvalue()})
