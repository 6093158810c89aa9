"""What is published: structured, in both languages, with a digest; rows never change or go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from moneyed import Money

from marketplace.accounts.models import User
from marketplace.core.canonical import digest
from marketplace.core.units import yuan

from .models_tender import Lot, Notice, NoticeKind, Tender

SCHEMA = "notice/1"


def instant(value: datetime | None) -> str | None:
    """An instant as ISO 8601 with the zone of the office (+08:00)."""
    return timezone.localtime(value).isoformat(timespec="seconds") if value else None


def amount(value: Money) -> dict[str, str]:
    return {"amount": f"{value.amount:.2f}", "currency": str(value.currency)}


def publish_notice(*, tender: Tender, kind: NoticeKind, content: dict[str, Any], actor: User, now: datetime) -> Notice:
    """Write a notice in the caller's transaction. ``content`` is plain JSON; head and digest are added here."""
    whole = {**head(tender, kind), **content}
    return Notice.objects.create(
        tender=tender, kind=kind, content=whole, digest=digest(whole), published_at=now, published_by=actor
    )


def head(tender: Tender, kind: NoticeKind) -> dict[str, Any]:
    """What every notice says first."""
    return {
        "schema": SCHEMA,
        "kind": str(kind),
        "reference": tender.reference,
        "title": tender.title,
        "title_en": tender.title_en,
        "buyer": {
            "name": tender.organisation.name,
            "name_en": tender.organisation.name_en,
            "credit_code": tender.organisation.credit_code or "",
            "address": tender.organisation.address,
            "phone": tender.organisation.phone,
        },
        "method": tender.method,
    }


def lot_content(lot: Lot) -> dict[str, Any]:
    """A lot with its villages and criteria; reads them from the (prefetched) relations."""
    return {
        "number": lot.number,
        "title": lot.title,
        "title_en": lot.title_en,
        "product": {
            "title": lot.product_version.title,
            "title_en": lot.product_version.title_en,
            "version": lot.product_version.number,
            "digest": lot.product_version.digest,
        },
        "villages": [{"code": str(place.code), "name": place.name} for place in lot.places],
        "units": lot.units,
        "unit": lot.product_version.content.get("unit", ""),
        "unit_en": lot.product_version.content.get("unit_en", ""),
        **({} if lot.by_village else {"seats": lot.seat_count}),
        "ceiling": amount(lot.ceiling),
        "criteria": [
            {
                "kind": criterion.kind,
                "title": criterion.title,
                "title_en": criterion.title_en,
                "guidance": criterion.guidance,
                "guidance_en": criterion.guidance_en,
                "points": f"{criterion.points:.2f}",
            }
            for criterion in lot.criteria.all()
        ],
    }


def tender_notice(tender: Tender, lots: list[Lot]) -> dict[str, Any]:
    """The procurement notice, and with it the documents: everything a bidder has to know."""
    return {
        "description": tender.description,
        "description_en": tender.description_en,
        # The law asks for a person to ring up (令87 art. 13 item 8, 财库〔2014〕214号 art. 7 item 7).
        "contact": {
            "name": tender.drafted_by.display_name,
            "name_en": tender.drafted_by.display_name_en,
            "phone": tender.organisation.phone,
        },
        "qualification": tender.qualification,
        "qualification_en": tender.qualification_en,
        "small_firm_cut_percent": f"{tender.small_firm_cut:.1f}",
        "budget": amount(yuan(sum(lot.ceiling.amount for lot in lots))),
        "service_from": tender.plan.service_from.isoformat(),
        "service_to": tender.plan.service_to.isoformat(),
        "lots": [lot_content(lot) for lot in lots],
        "official_published_at": instant(tender.official_published_at),
        "official_url": tender.official_url,
        "question_deadline": instant(tender.question_deadline),
        "bid_deadline": instant(tender.bid_deadline),
        "timetable": tender.timetable,
        "key_threshold": tender.key_threshold,
        "public_key": bytes(tender.public_key or b"").hex(),
    }


def amendment_notice(
    before: dict[str, str | None], after: dict[str, str | None], reason: str, reason_en: str
) -> dict[str, Any]:
    return {"before": before, "after": after, "reason": reason, "reason_en": reason_en}


def cancellation_notice(reason: str, reason_en: str) -> dict[str, Any]:
    return {"outcome": "cancelled", "reason": reason, "reason_en": reason_en}
