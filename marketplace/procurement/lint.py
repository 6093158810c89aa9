"""What must not stand in procurement documents: read before a tender goes to approval, and again before publication.

政府采购法实施条例 art. 20; 财政部令第87号 arts. 12, 17, 55; 财库〔2020〕46号 art. 5; 财库〔2021〕22号 art. 18;
财库〔2014〕214号 art. 24; 财库〔2019〕38号 (no pools as a gate); 财政部令第102号 art. 10 (what may not be bought).
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from moneyed import Money

from marketplace.core.i18n import localized
from marketplace.core.units import yuan
from marketplace.core.words import money_words
from marketplace.statutes.selectors import value

from . import selectors
from .errors import DocumentsNotReady
from .models_tender import CriterionKind, Lot, Method, Tender
from .scoring import plain

#: (what it is, words that name it): neither a factor to be scored nor a condition to take part.
_UNFAIR: tuple[tuple[str, str], ...] = (
    ("capital", r"注册资本|注册资金|registered capital"),
    ("assets", r"资产总额|总资产|净资产|total assets"),
    ("turnover", r"营业收入|营业额|年收入|turnover|revenue"),
    ("profit", r"利润|盈利|profit"),
    ("tax", r"纳税额|纳税总额|税收贡献|tax paid"),
    ("staff numbers", r"从业人员(?:数|规模)|员工人数|人员规模|执业律师人数|number of (?:staff|employees|lawyers)"),
    ("age of the firm", r"成立(?:时间|年限)|成立满|经营年限|years in business"),
    (
        "region",
        r"(?:本地|本省|本市|本州|本县|当地|[省州县]内)(?:注册|企业|律师事务所|律所|业绩|奖项)|local (?:firm|prize)",
    ),
    ("owner type", r"国有|民营|外资|所有制|合伙制优先|state-owned|private firm"),
    ("price floor", r"最低限价|不得低于(?:成本|限价)|minimum price"),
    ("pool", r"备选库|名录库|资格库|入库(?:企业|供应商|律所)|供应商库|approved list"),
)  # fmt: skip
#: Conditions of taking part are met or not; they earn no points.
_CONDITIONS = r"执业许可证|营业执照|资格条件|资质证书|practice licen[cs]e|business licen[cs]e"
#: Hiring out people is no service that may be bought (102号令 art. 10).
_NOT_TO_BUY = r"劳务派遣|派遣人员|派遣用工|编外用工|labour dispatch"


def check_documents(
    tender: Tender, now: datetime, *, on: datetime | None = None, lots: list[Lot] | None = None
) -> None:
    """Read the documents by the law of the day ``on`` (default: ``now``).

    Raises:
        DocumentsNotReady: with everything that was found.
    """
    found = findings(
        tender,
        lots or selectors.lots_of(tender),
        plan_left=selectors.plan_left(tender.plan, but=tender),
        on=timezone.localdate(on or now),
    )
    if found:
        raise DocumentsNotReady(found)


def findings(tender: Tender, lots: list[Lot], *, plan_left: Money, on: date) -> list[str]:
    """Everything that stands against publication, each with what to do, in the active language.

    ``lots`` come with regions and criteria prefetched; ``plan_left`` is what the plan still allows; ``on`` is the day
    whose law applies.
    """
    found: list[str] = []
    if not lots:
        found.append(_("There is no lot yet. Add one with its ceiling and criteria."))
    total = yuan(sum((lot.ceiling.amount for lot in lots), Decimal(0)))
    if total > plan_left:
        found.append(
            _("The ceilings add up to %(total)s; the plan allows %(left)s. Lower them.")
            % {"total": money_words(total), "left": money_words(plan_left)}
        )
    found += _villages(lots)
    region = tender.organisation.region_id
    for lot in lots:
        found += [f"{_lot(lot)}{text}" for text in _criteria(tender, lot, on, region)]
    found += _texts(tender)
    low, high = value("small_price_cut_min", on, region), value("small_price_cut_max", on, region)
    if not low <= tender.small_firm_cut <= high:
        found.append(
            _("The price deduction for small and micro enterprises is %(cut)s%%; the law sets %(low)s%% to %(high)s%%.")
            % {"cut": plain(tender.small_firm_cut), "low": plain(low), "high": plain(high)}
        )
    return found


def _lot(lot: Lot) -> str:
    return _("Lot %(n)s: ") % {"n": lot.number}


def _villages(lots: list[Lot]) -> list[str]:
    found = []
    times = Counter(region for lot in lots for region in lot.regions.all())
    twice = sorted((region for region, n in times.items() if n > 1), key=lambda r: r.code)
    if twice:
        found.append(
            _("These villages are in two lots: %(names)s. Leave each in one.")
            % {"names": _(", ").join(localized(region, "name") for region in twice[:5])}
        )
    found += [
        _lot(lot) + _("names no village. Choose the villages that are served.")
        for lot in lots
        if lot.by_village and not lot.regions.all()
    ]
    return found


def _criteria(tender: Tender, lot: Lot, on: date, region: int) -> list[str]:
    found = []
    criteria = list(lot.criteria.all())
    points = sum((c.points for c in criteria), Decimal(0))
    if points != 100:
        found.append(_("the points of the criteria add up to %(sum)s, not 100.") % {"sum": plain(points)})
    price = next((c for c in criteria if c.kind == CriterionKind.PRICE), None)
    if price is None:
        found.append(_("there is no price criterion. Add one."))
    else:
        low = value(f"{tender.method}_price_weight_min", on, region)
        high = (
            value("consultation_price_weight_max", on, region) if tender.method == Method.CONSULTATION else Decimal(100)
        )
        if not low <= price.points <= high:
            found.append(
                _("the price has %(points)s points; the law allows %(low)s to %(high)s.")
                % {
                    "points": plain(price.points),
                    "low": plain(low),
                    "high": plain(high),
                }
            )
    for criterion in criteria:
        if criterion.kind == CriterionKind.PRICE:
            continue
        text = f"{criterion.title}\n{criterion.title_en}\n{criterion.guidance}\n{criterion.guidance_en}"
        for kind, words in _unfair(text):
            found.append(
                _(
                    "“%(title)s” scores %(kind)s (“%(words)s”), which the law forbids (Regulation on the "
                    "Implementation of the Government Procurement Law, art. 20; Caiku [2020] 46, art. 5). "
                    "Remove it."
                )
                % {"title": criterion.title, "kind": kind, "words": words}
            )
        condition = re.search(_CONDITIONS, text, re.IGNORECASE)
        if condition:
            found.append(
                _("“%(title)s” scores a condition of taking part (“%(words)s”). Conditions earn no points: move it.")
                % {"title": criterion.title, "words": condition[0]}
            )
        if not criterion.guidance.strip():
            found.append(
                _("“%(title)s” does not say how it is scored. Describe it, so that evaluators score alike.")
                % {"title": criterion.title}
            )
    return found


def _texts(tender: Tender) -> list[str]:
    found = [
        _(
            "“Who may bid” asks for %(kind)s (“%(words)s”), which shuts suppliers out (Regulation on the "
            "Implementation of the Government Procurement Law, art. 20). Remove it."
        )
        % {"kind": kind, "words": words}
        for kind, words in _unfair(f"{tender.qualification}\n{tender.qualification_en}")
    ]
    text = f"{tender.title}\n{tender.description}\n{tender.description_en}"
    match = re.search(_NOT_TO_BUY, text, re.IGNORECASE)
    if match:
        found.append(
            _(
                "“%(words)s”: hiring out people may not be bought as a service (MOF Order 102, art. 10). Describe the "
                "service instead."
            )
            % {"words": match[0]}
        )
    if not tender.qualification.strip():
        found.append(_("“Who may bid” is empty. Say what a supplier must show."))
    return found


def _unfair(text: str) -> list[tuple[str, str]]:
    names = {
        "capital": _("the registered capital"),
        "assets": _("assets"),
        "turnover": _("the turnover"),
        "profit": _("profits"),
        "tax": _("taxes paid"),
        "staff numbers": _("the number of staff"),
        "age of the firm": _("the age of the firm"),
        "region": _("where a firm is from"),
        "owner type": _("who owns a firm"),
        "price floor": _("a lowest price"),
        "pool": _("a place on a list"),
    }
    return [(names[kind], match[0]) for kind, words in _UNFAIR if (match := re.search(words, text, re.IGNORECASE))]
