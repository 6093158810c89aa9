"""Who serves a post, and what the served say of it."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from marketplace.accounts.models import Membership, Role, User
from marketplace.accounts.rules import active_memberships
from marketplace.accounts.selectors import is_sanctioned, valid_credential
from marketplace.audit.services import record
from marketplace.core import events
from marketplace.core.errors import InvalidInput, StaleState
from marketplace.core.locks import lock_name, lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.regions.models import Level

from . import errors, rules
from .events import PostFilled, PostVacated
from .fulfilment import quarter
from .models import Contract, Obligation, Post, VillageRating
from .states import POST, ContractState, PostState


def villages_limit(contract: Contract | int) -> int | None:
    """How many villages one adviser may serve by the contract's standard; None if it sets no limit."""
    key = contract if isinstance(contract, int) else contract.pk
    return (
        Obligation.objects.filter(contract=key, kind="limit", quantity_unit="villages")
        .values_list("quantity", flat=True)
        .first()
    )


def villages_served(adviser: User) -> int:
    """The villages whose posts ``adviser`` serves now, under whatever contract."""
    return (
        Post.objects.filter(adviser=adviser, state=PostState.FILLED, region__level=Level.VILLAGE)
        .values("region")
        .distinct()
        .count()
    )


@transaction.atomic
def fill_post(*, post: Post, adviser: User, actor: User, now: datetime) -> Post:
    """``adviser`` serves ``post`` from today, or from the start of its term.

    Raises:
        NotInPerformance, NoCredential, NotAPractitioner, AdviserSanctioned, SitsAlready, TooManyVillages
        IllegalTransition: somebody serves it already.
    """
    # Two posts filled with one person at once must not pass the limit together.
    lock_name(f"adviser:{adviser.pk}")
    post = lock_row(Post, post.pk)
    contract = Contract.objects.select_related("supplier", "award__lot__product_version").get(pk=post.contract_id)
    require(rules.can_fill, actor, post, adviser)
    if contract.state != ContractState.ACTIVE:
        raise errors.NotInPerformance
    today = timezone.localdate(now)
    since = max(today, post.starts_on)
    _check_adviser(adviser, contract, post, today, since)
    apply_transition(
        POST,
        post,
        "fill",
        actor=actor,
        now=now,
        data={"adviser": adviser.pk, "since": since.isoformat()},
        changes={"adviser": adviser, "adviser_since": since},
    )
    events.publish(PostFilled(post.pk, adviser.pk))
    return post


def _check_adviser(adviser: User, contract: Contract, post: Post, today: date, since: date) -> None:
    member = Membership.objects.filter(
        active_memberships(today), user=adviser, organisation=contract.supplier, role=Role.LAWYER
    )
    if not member.exists():
        raise errors.NotAPractitioner(person=str(adviser), supplier=contract.supplier.name)
    kind = contract.award.lot.product_version.content.get("required_credential")
    if kind and valid_credential(adviser, kind, since) is None:
        raise errors.NoCredential(person=str(adviser))
    if is_sanctioned(adviser, today):
        raise errors.AdviserSanctioned(person=str(adviser))
    here = Post.objects.filter(contract=contract, region=post.region_id, adviser=adviser, state=PostState.FILLED)
    if here.exclude(pk=post.pk).exists():
        raise errors.SitsAlready(person=str(adviser))
    limit = villages_limit(contract)
    if limit is not None and post.region.level == Level.VILLAGE:
        count = villages_served(adviser)
        if count >= limit:
            raise errors.TooManyVillages(person=str(adviser), count=count, limit=limit)


@transaction.atomic
def vacate_post(*, post: Post, actor: User, reason: str, now: datetime, adviser: User | None = None) -> Post:
    """The adviser leaves ``post``; the reason stands in its trail. ``adviser``: only if this person serves it still.

    Raises:
        StaleState (somebody else serves it by now), FindingsMissing, IllegalTransition (nobody serves it)
    """
    post = lock_row(Post, post.pk)
    if adviser is not None and post.adviser_id != adviser.pk:
        raise StaleState
    require(rules.can_vacate, actor, post)
    if not reason.strip():
        raise errors.FindingsMissing(field="reason")
    left = post.adviser_id
    apply_transition(
        POST,
        post,
        "vacate",
        actor=actor,
        now=now,
        reason=reason,
        data={"adviser": left, "since": post.adviser_since.isoformat() if post.adviser_since else None},
        changes={"adviser": None, "adviser_since": None},
    )
    if left is not None:
        events.publish(PostVacated(post.pk, left))
    return post


def quarter_name(day: date) -> str:
    """2027-Q1"""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def quarter_of(name: str) -> tuple[date, date]:
    """The first and the last day of 2027-Q1."""
    year, number = name.split("-Q")
    return quarter(date(int(year), 3 * int(number), 1))


def quarter_words(name: str) -> str:
    """2027-Q1 as the months that a person knows."""
    first, last = quarter_of(name)
    style = pgettext("month format", "F")
    return _("%(first)s to %(last)s %(year)s") % {
        "first": dateformat.format(first, style),
        "last": dateformat.format(last, style),
        "year": first.year,
    }


def quarters_to_rate(post: Post, on: date) -> list[str]:
    """The quarters that may be rated on a day: this one and the one before, as far as the post existed; latest first."""
    first, last = quarter(on)
    before = quarter(first - timedelta(days=1))
    spans = [(first, min(last, on)), before]
    return [quarter_name(a) for a, b in spans if a <= post.ends_on and b >= post.starts_on]


def quarter_asked(post: Post, on: date, rated: Container[str]) -> str | None:
    """The quarter for which a village is asked on a day: the first that may be rated, is over and is not in ``rated``.

    So it is the one whose instalment is accepted next, never one that has just begun. A post that ended is over before
    its quarter is.
    """
    for name in reversed(quarters_to_rate(post, on)):
        if min(quarter_of(name)[1], post.ends_on) < on and name not in rated:
            return name
    return None


@transaction.atomic
def rate_post(*, actor: User, post: Post, quarter: str, stars: int, comment: str = "", now: datetime) -> VillageRating:
    """The village's word on its service in a quarter; said again, it replaces the first.

    Raises:
        RatingNotPossible, InvalidInput
    """
    post = lock_row(Post, post.pk)
    require(rules.can_rate, actor, post)
    possible = quarters_to_rate(post, timezone.localdate(now))
    # What was served before an early end is accepted and paid too: its villages are heard as well.
    if quarter not in possible or post.contract.state == ContractState.DRAFT:
        raise errors.RatingNotPossible(field="quarter")
    if not 1 <= stars <= 5:
        raise InvalidInput(field="stars")
    values: dict[str, Any] = {"stars": stars, "comment": comment.strip(), "rated_at": now}
    rating, first = VillageRating.objects.update_or_create(post=post, rated_by=actor, quarter=quarter, defaults=values)
    record(
        actor=actor,
        action="post.rate" if first else "post.rate_again",
        subject=post,
        now=now,
        data={"quarter": quarter, "stars": stars},
    )
    return rating
