"""Policies: drafted by one officer, adopted by another, linted before they bind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from marketplace.accounts.models import Organisation, User
from marketplace.audit.services import record
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.regions.models import Region

from . import errors
from .models import Policy
from .policy_rules import lint
from .rules import can_adopt, can_draft_policy
from .states import POLICY, PolicyState


@transaction.atomic
def draft_policy(
    *,
    actor: User,
    payer: Organisation,
    region: Region,
    title: str,
    title_en: str,
    instrument: str,
    rules: Mapping[str, Any],
    valid_from: date,
    valid_to: date | None,
    now: datetime,
) -> Policy:
    """A draft whose rules hold together.

    Raises:
        PermissionRefused, BadRules, EndsBeforeStart, OutsideTerritory
    """
    require(can_draft_policy, actor, payer)
    low, high = payer.region.code_range
    if not low <= region.pk < high:
        raise errors.OutsideTerritory(
            payer=localized(payer, "name"), area=localized(payer.region, "name"), field="region"
        )
    if valid_to is not None and valid_to < valid_from:
        raise errors.EndsBeforeStart(field="valid_to")
    problems = lint(rules)
    if problems:
        raise errors.BadRules(problems=" ".join(problems), field="rules")
    policy = Policy.objects.create(
        payer=payer,
        region=region,
        title=title,
        title_en=title_en,
        instrument=instrument,
        rules=dict(rules),
        valid_from=valid_from,
        valid_to=valid_to,
        drafted_by=actor,
    )
    record(actor=actor, action="policy.draft", subject=policy, now=now)
    return policy


@transaction.atomic
def adopt_policy(*, actor: User, policy: Policy, now: datetime) -> Policy:
    """Put a draft in force. Two policies of one region never hold on one day (exclusion constraint).

    Raises:
        OwnDraft, PermissionRefused, BadRules, PolicyOverlaps, IllegalTransition
    """
    policy = lock_row(Policy, policy.pk)
    require(can_adopt, actor, policy)
    if actor.pk == policy.drafted_by_id:
        raise errors.OwnDraft
    problems = lint(policy.rules)
    if problems:
        raise errors.BadRules(problems=" ".join(problems))
    try:
        with transaction.atomic():
            apply_transition(
                POLICY, policy, "adopt", actor=actor, now=now, changes={"adopted_by": actor, "adopted_at": now}
            )
    except IntegrityError as error:
        if "one_policy_a_region_and_day" in str(error):
            raise errors.PolicyOverlaps from error
        raise
    return policy


@transaction.atomic
def discard_policy(*, actor: User, policy: Policy, now: datetime) -> Policy:
    """Throw a draft away; it stays on record for its payer. Doing it again changes nothing.

    Raises:
        PermissionRefused, IllegalTransition
    """
    policy = lock_row(Policy, policy.pk)
    require(can_draft_policy, actor, policy.payer)
    if policy.state != PolicyState.DISCARDED:
        apply_transition(POLICY, policy, "discard", actor=actor, now=now)
    return policy


@transaction.atomic
def end_policy(*, actor: User, policy: Policy, last_day: date, now: datetime) -> Policy:
    """Set the last day of a policy in force, so that another can follow it. What was served until then keeps its rules.

    Raises:
        PermissionRefused, NotInForce, LastDayPast, PolicyOverlaps
    """
    policy = lock_row(Policy, policy.pk)
    require(can_adopt, actor, policy)
    today = timezone.localdate(now)
    if policy.state != PolicyState.ADOPTED or (policy.valid_to is not None and policy.valid_to < today):
        raise errors.NotInForce
    if last_day < max(today, policy.valid_from):
        raise errors.LastDayPast(field="last_day")
    policy.valid_to = last_day
    try:
        with transaction.atomic():
            policy.save(update_fields=["valid_to"])
    except IntegrityError as error:
        if "one_policy_a_region_and_day" in str(error):
            raise errors.PolicyOverlaps from error
        raise
    record(actor=actor, action="policy.end", subject=policy, now=now, data={"last_day": last_day.isoformat()})
    return policy
