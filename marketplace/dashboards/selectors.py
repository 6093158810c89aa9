"""What the coverage pages and the workspace show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from marketplace.accounts.models import Organisation, OrganisationKind
from marketplace.accounts.selectors import public_cards
from marketplace.accounts.states import OrganisationState
from marketplace.contracts.models import Obligation, Post
from marketplace.contracts.states import ContractState
from marketplace.core.i18n import localized
from marketplace.regions import codes
from marketplace.regions.models import Level, Region
from marketplace.regions.selectors import children
from marketplace.timesheets.models import ServiceSession
from marketplace.timesheets.states import SessionState
from volunteers.models import Opportunity
from volunteers.states import OpportunityState

from .coverage import Coverage, Status, count_status, coverage_of, village_status
from .models import CoverageFigure


@dataclass(frozen=True, slots=True)
class Row:
    """One division of a coverage table."""

    region: Region
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Division:
    """A division's coverage page: its own figures, and those of what lies directly below."""

    region: Region | None
    coverage: Coverage
    figure: CoverageFigure | None
    rows: list[Row]
    tiles: list[tuple[str, Status, str]]


def division(region: Region | None, now: datetime) -> Division:
    """Figures for the nation (None) or a division above villages: a fixed number of queries whatever lies below.

    Up to a county the villages are counted now; above, from the stored figures.
    """
    code = region.code if region else codes.NATION
    below = list(children(code))
    figures = CoverageFigure.objects.in_bulk([code, *(child.code for child in below)])
    if region is not None and region.level >= Level.COUNTY:
        return _near(region, below, figures.get(code), now)
    villages = region.village_count if region else sum(child.village_count for child in below)
    rows = [Row(child, coverage_of(figures.get(child.code), child.village_count)) for child in below]
    return Division(region, coverage_of(figures.get(code), villages), figures.get(code), rows, [])


def _near(region: Region, below: list[Region], figure: CoverageFigure | None, now: datetime) -> Division:
    status = village_status(region.code, now)
    if region.level == Level.TOWNSHIP:
        villages = below
        rows = []
    else:
        villages = list(Region.objects.under(region.code, Level.VILLAGE).order_by("code"))
        rows = [Row(child, _count_under(child, status, now)) for child in below]
    tiles = [
        (localized(village, "name"), status.get(village.code, Status.NONE), str(village.code)) for village in villages
    ]
    return Division(region, count_status(status, len(villages), now), figure, rows, tiles)


def _count_under(region: Region, status: Mapping[int, Status], now: datetime) -> Coverage:
    low, high = region.code_range
    return count_status({c: s for c, s in status.items() if low <= c < high}, region.village_count or 1, now)


def villages_with_status(region: Region, now: datetime) -> list[tuple[Region, Status, Post | None]]:
    """Every village under a county or township with its status and post, in code order. Three queries."""
    status = village_status(region.code, now)
    low, high = region.code_range
    posts = {post.region_id: post for post in current_posts(now).filter(region_id__gte=low, region_id__lt=high)}
    villages = Region.objects.under(region.code, Level.VILLAGE).order_by("code")
    return [(v, status.get(v.code, Status.NONE), posts.get(v.code)) for v in villages]


def current_posts(now: datetime) -> QuerySet[Post]:
    """Posts of contracts in performance whose term holds today, with adviser and firm; a filled one comes last."""
    today = timezone.localdate(now)
    return (
        Post.objects.filter(contract__state=ContractState.ACTIVE, starts_on__lte=today, ends_on__gte=today)
        .select_related("adviser", "region", "contract__supplier", "contract__buyer")
        .order_by("region_id", "-state", "pk")
    )


@dataclass(frozen=True, slots=True)
class Village:
    """All that a villager may want to know of the village's legal service."""

    region: Region
    status: Status
    post: Post | None
    obligations: list[Obligation]
    visits: list[ServiceSession]
    opportunities: list[Opportunity]
    township: Region | None
    #: the adviser has a public card
    has_card: bool
    #: who buys for it: of the contract, otherwise the county's own
    bureau: Organisation | None


VISITS_SHOWN = 8


def village(region: Region, now: datetime) -> Village:
    """One village's page. A fixed number of queries."""
    status = village_status(region.code, now).get(region.code, Status.NONE)
    post = (
        current_posts(now)
        .filter(region=region)
        .select_related("adviser__practitioner")
        .prefetch_related(Prefetch("contract__obligations", Obligation.objects.order_by("pk")))
        .order_by("state", "pk")
        .first()
    )
    opportunities = (
        Opportunity.objects.filter(region=region, state=OpportunityState.OPEN, shifts__ends_at__gt=now)
        .distinct()
        .order_by("-created_at")[:5]
    )
    return Village(
        region,
        status,
        post,
        list(post.contract.obligations.all()) if post else [],
        list(confirmed_visits(region)[:VISITS_SHOWN]),
        list(opportunities),
        Region.objects.filter(code=region.parent_code or 0).first(),
        post is not None
        and post.adviser_id is not None
        and public_cards(timezone.localdate(now)).filter(pk=post.adviser_id).exists(),
        post.contract.buyer if post else _bureau_of(region.county_code),
    )


def confirmed_visits(region: Region) -> QuerySet[ServiceSession]:
    """What the village has confirmed, the latest first."""
    return (
        ServiceSession.objects.filter(region=region, state=SessionState.CONFIRMED)
        .select_related("person")
        .annotate(began=Lower("period"))
        .order_by("-began", "-pk")
    )


def _bureau_of(county: int | None) -> Organisation | None:
    bureaus = Organisation.objects.filter(kind=OrganisationKind.BUREAU, region=county)
    return bureaus.exclude(state=OrganisationState.CLOSED).order_by("pk").first()


def chart_data(rows: list[Row], name: Any) -> dict[str, Any]:
    """The bar chart's series: names, and villages by status. ``partial``: areas without any service have no bar."""
    return {
        "names": [name(row.region) for row in rows],
        "contract": [row.coverage.contract for row in rows],
        "volunteer": [row.coverage.volunteer for row in rows],
        "vacant": [row.coverage.vacant for row in rows],
        "none": [row.coverage.none for row in rows],
        "codes": [row.region.code for row in rows],
        "partial": any(row.coverage.none == row.coverage.villages for row in rows),
    }
