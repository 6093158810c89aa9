"""Telling people by mail, after commit: that something was decided, and where to read it. Never what a bid says."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import send_mass_mail
from django.db import transaction
from django.utils.translation import override

from marketplace.accounts.models import User

from .models import Bid, Lot, Tender
from .selectors_evaluation import LIVE_BIDS

LANGUAGES = ("zh-hans", "en")


def bidders_people(tender: Tender, lots: Iterable[Lot] | None = None) -> list[User]:
    """Who handed in a bid (for one of ``lots``, if given) that stood at the deadline."""
    bids = Bid.objects.filter(lot__tender=tender, state__in=LIVE_BIDS).order_by()
    if lots is not None:
        bids = bids.filter(lot__in=list(lots))
    return list(User.objects.filter(pk__in=bids.values("submitted_by"), is_active=True).order_by("pk"))


def tell(people: Iterable[User], subject: Any, text: Any, path: str, **params: str) -> None:
    """One mail each, in both languages, when the transaction commits. ``subject`` and ``text`` are lazy translations."""
    lines, subjects = [], []
    for language in LANGUAGES:
        with override(language):
            subjects.append(str(subject) % params)
            lines.append(str(text) % params)
    body = "\n\n".join([*lines, f"{settings.SITE_URL}{path}"])
    messages = [(" / ".join(subjects), body, None, [person.email]) for person in people if person.email]
    if messages:
        transaction.on_commit(partial(send_mass_mail, messages, fail_silently=True), robust=True)
