"""The notices that end a procedure: results and failures, from what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marketplace.core.units import yuan

from .models import Award, Evaluator, LotFailure, Method, Tender
from .notices import amount, instant
from .states import EvaluatorState


def failure_notice(tender: Tender, failures: Iterable[LotFailure], *, whole: bool) -> dict[str, Any]:
    """Which lots failed, on which ground; ``whole`` if no lot is left.

    ``terminated``: it is a 终止公告 (财库〔2014〕214号 art. 34), not a 废标公告. Older notices of consultations lack it and
    keep the heading under which they were published.
    """
    return {
        "outcome": "failed" if whole else "lots_failed",
        "terminated": tender.method == Method.CONSULTATION,
        "reason": tender.failure_reason if whole else "",
        "reason_en": tender.failure_reason_en if whole else "",
        "opened_at": instant(tender.opened_at),
        "failed_lots": [_failed(failure) for failure in failures],
    }


def result_notice(
    tender: Tender, awards: Iterable[Award], failures: Iterable[LotFailure], panel: Iterable[Evaluator]
) -> dict[str, Any]:
    """What 实施条例 art. 43 and 令87 art. 69 ask for: winner, amount, unit price, service terms, panel, declarations."""
    return {
        "outcome": "awarded",
        "opened_at": instant(tender.opened_at),
        "service_from": tender.plan.service_from.isoformat(),
        "service_to": tender.plan.service_to.isoformat(),
        "awards": [_award(award) for award in awards],
        "failed_lots": [_failed(failure) for failure in failures],
        "panel": [
            {"name": seat.user.display_name, "name_en": seat.user.display_name_en, "expert": seat.is_expert}
            for seat in panel
            if seat.state == EvaluatorState.SUBMITTED
        ],
    }


def _failed(failure: LotFailure) -> dict[str, Any]:
    return {
        "number": failure.lot.number,
        "title": failure.lot.title,
        "title_en": failure.lot.title_en,
        "ground": failure.ground,
        "reason": failure.reason,
        "reason_en": failure.reason_en,
    }


def _award(award: Award) -> dict[str, Any]:
    lot, supplier = award.lot, award.bid.supplier
    result = award.bid.opened.result
    product = lot.product_version.content
    units = lot.units
    return {
        "lot": lot.number,
        "title": lot.title,
        "title_en": lot.title_en,
        "supplier": {
            "name": supplier.name,
            "name_en": supplier.name_en,
            "credit_code": supplier.credit_code or "",
            "address": supplier.address,
        },
        "amount": amount(award.amount),
        "units": units,
        "unit": product.get("unit", ""),
        "unit_en": product.get("unit_en", ""),
        "unit_price": amount(yuan(award.amount.amount / units)),
        "small_or_micro": award.bid.opened.small_or_micro,
        "points": f"{result.total_points:.2f}",
        "rank": result.rank,
        "reasons": award.reasons,
        "reasons_en": award.reasons_en,
        "product": {
            "title": lot.product_version.title,
            "title_en": lot.product_version.title_en,
            "version": lot.product_version.number,
            "digest": lot.product_version.digest,
        },
        "standards": [
            {key: line.get(key, "") for key in ("code", "title", "title_en", "quantity", "quantity_unit", "period")}
            for line in product.get("obligations", [])
        ],
    }
