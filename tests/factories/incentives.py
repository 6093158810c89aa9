"""A policy in force and a filled fund, through the services."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from marketplace.accounts.models import Organisation, OrganisationKind, Role, User
from marketplace.core import clock
from marketplace.incentives import payouts, services
from marketplace.incentives.models import Policy
from marketplace.regions.models import Region

from .accounts import LEISHAN, a_place, make_member, make_organisation

RULES: dict[str, Any] = {
    "points_per_minute": "0.5",
    "subsidy_per_day": "120.00",
    "day_minutes": 240,
    "daily_cap_minutes": 480,
    "annual_target_minutes": 3000,
    "annual_target_cases": 2,
    "tier_uplift": {"western": "1.10", "formerly_poor": "1.20"},
    "stars": [{"level": 1, "minutes": 300}, {"level": 2, "minutes": 900}],
}


def make_payer(region: Region | None = None) -> tuple[Organisation, User, User, User]:
    """A bureau with its officer, approver and finance officer."""
    payer = make_organisation(OrganisationKind.BUREAU, region=region or a_place(LEISHAN))
    return payer, *(make_member(role, payer) for role in (Role.OFFICER, Role.APPROVER, Role.FINANCE))  # type: ignore[return-value]


def make_policy(*, fund: int = 10_000, adopted: bool = True, rules: dict[str, Any] | None = None, **kw: Any) -> Policy:
    region = kw.pop("region", None) or a_place(LEISHAN)
    payer, officer, approver, finance = make_payer(region)
    policy = services.draft_policy(
        actor=officer,
        payer=payer,
        region=region,
        title="补偿激励办法",
        title_en="Incentive rules",
        instrument="示司发〔2026〕1号",
        rules=rules or RULES,
        valid_from=kw.pop("valid_from", date(2020, 1, 1)),
        valid_to=kw.pop("valid_to", None),
        now=clock.now(),
    )
    if adopted:
        policy = services.adopt_policy(actor=approver, policy=policy, now=clock.now())
    if fund:
        payouts.top_up_fund(actor=finance, payer=payer, amount=Decimal(fund), request_key=uuid.uuid4(), now=clock.now())
    return policy
