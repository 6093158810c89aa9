"""The panel: drawn by a lottery that everybody can repeat; each member declares, or makes place for the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.accounts.selectors import conflicts
from marketplace.audit.services import record
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row
from marketplace.core.mail import tell
from marketplace.core.permissions import require
from marketplace.core.states import IllegalTransition, apply_transition

from . import panel
from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .errors_evaluation import (
    CheckIncomplete,
    HasConflict,
    LowPriceUnexplained,
    NoLawExpert,
    NotOnPanel,
    PanelComplete,
    PoolTooSmall,
    ReasonMissing,
    TooFewBidders,
)
from .models import Evaluator, Method, Tender
from .services_failing import bidders_left, fail_short_lots, settle_check
from .states import EVALUATOR, EvaluatorState, TenderState


@transaction.atomic
def draw_evaluators(
    *,
    actor: User,
    tender: Tender,
    experts_needed: int,
    representatives: Sequence[User] = (),
    complex_matter: bool = False,
    seed: str = "",
    now: datetime,
) -> list[Evaluator]:
    """Draw the panel by a lottery that everybody can repeat; and with it end the check of the bids.

    The pool are the registered experts of the buyer's prefecture (of the province, of the nation, where there are too
    few) who have no part in the tender, sorted by key. Each gets the ticket SHA-256(``seed:key``); the smallest come
    first. Whoever has a tie to a bidder (实施条例 art. 9) is passed over. The seed is the digest of all bids recorded at
    the opening, which nobody could choose, followed by ``seed``, a number drawn in public, where the parties want one.
    Seed, area, size and digest of the pool, the place in the order and what was passed over stand in ``Evaluator.draw``;
    ``panel.repeat_draw`` computes it again.

    Lots that the check left with too few bidders fail here. Called again, it fills the seats of those who left.

    Args:
        representatives: members of the buyer who neither drafted nor approved nor hold a share; at most a third.
        complex_matter: a larger panel in an open tender, a law expert in a consultation.

    Raises:
        PermissionRefused, IllegalTransition, CheckIncomplete, LowPriceUnexplained, TooFewBidders
        PanelUnlawful: too small, even, or fewer than two thirds experts (令87 art. 47, 214号 art. 14).
        PoolTooSmall, NoLawExpert, PanelComplete
    """
    tender = lock_row(Tender, tender.pk)
    require(rules.can_run, actor, tender)
    if tender.state != TenderState.OPENED:
        raise IllegalTransition
    present = selectors.seats(tender)
    left = [seat for seat in present if panel.is_free(seat)]
    if present:
        if not left:
            raise PanelComplete
        experts_needed, representatives = len(left), ()
    else:
        _close_check(tender, actor=actor, now=now)
        panel.check_size(tender, experts_needed, len(representatives), complex_matter=complex_matter)
        for person in representatives:
            panel.check_representative(tender, person, now)
    law_seat = (
        complex_matter
        and tender.method == Method.CONSULTATION
        and not any(s.is_law_expert and s.state != EvaluatorState.RECUSED for s in present)
    )
    whole_seed = f"{selectors.opening_digest(tender)}:{seed}" if seed else selectors.opening_digest(tender)
    drawn = panel.draw(tender, whole_seed, experts_needed, law_seat=law_seat, now=now)
    seats = [
        _seat(tender, person, draw, replaces=left[i] if i < len(left) else None, actor=actor, now=now)
        for i, (person, draw) in enumerate(drawn)
    ]
    seats += [_seat(tender, person, {"representative": True}, actor=actor, now=now) for person in representatives]
    record(
        actor=actor,
        action="tender.draw_panel",
        subject=tender,
        now=now,
        data={"seats": len(seats), "pool_digest": drawn[0][1]["pool_digest"], "pool_size": drawn[0][1]["pool_size"]},
    )
    return seats


def _close_check(tender: Tender, *, actor: User, now: datetime) -> None:
    bids = list(selectors.opened_bids(tender).filter(bid__lot__failure__isnull=True))
    unchecked = sum(bid.qualified is None for bid in bids)
    if unchecked:
        raise CheckIncomplete(open=unchecked)
    by_key = {bid.pk: bid for bid in bids}
    for key in selectors.low_price_signs(tender, bids):
        if not by_key[key].price_explanation:
            raise LowPriceUnexplained(supplier=localized(by_key[key].bid.supplier, "name"))
    lots = selectors.live_lots(tender)
    left, fewest = bidders_left(tender, lots), selectors.fewest_bidders(tender)
    failing = [lot for lot in lots if left[lot.pk] < fewest]
    if len(failing) == len(lots):
        raise TooFewBidders(fewest=fewest)
    settle_check(tender, actor=actor, now=now)
    if failing:
        fail_short_lots(tender, failing, actor=actor, now=now)


def _seat(
    tender: Tender,
    person: User,
    draw: dict[str, Any],
    *,
    replaces: Evaluator | None = None,
    actor: User,
    now: datetime,
) -> Evaluator:
    seat = Evaluator.objects.create(
        tender=tender,
        user=person,
        is_expert=not draw.get("representative"),
        is_law_expert=bool(getattr(person, "law_expert", False)),
        replaces=replaces,
        draw=draw,
    )
    # The drawn person's name is secret until the result, so the event stands on the seat, not on the tender.
    record(actor=actor, action="evaluator.draw", subject=seat, now=now)
    tell(
        [person],
        _("You are asked to evaluate bids"),
        _("You were drawn for a panel. Keep this to yourself; declare first whether you have a tie to a bidder."),
        reverse("procurement:judge", args=[tender.pk]),
    )
    return seat


@transaction.atomic
def declare(*, actor: User, tender: Tender, statement: str, now: datetime) -> Evaluator:
    """A member declares that nothing ties him to a bidder (he has seen their names, nothing else). Then the bids open.

    Raises:
        NotOnPanel, IllegalTransition, ReasonMissing
        HasConflict: a tie is on record.
    """
    tender = lock_row(Tender, tender.pk)
    seat = own_seat(actor, tender)
    if tender.state != TenderState.OPENED:
        raise IllegalTransition
    if not statement.strip():
        raise ReasonMissing(_("Make the declaration in words."), field="statement")
    if found := conflicts(actor, selectors.bidders(tender), timezone.localdate(now)):
        raise HasConflict(tie=str(found[0]))
    apply_transition(
        EVALUATOR,
        seat,
        "declare",
        actor=actor,
        now=now,
        changes={"declared_at": now, "declaration": statement.strip()},
    )
    return seat


@transaction.atomic
def recuse(
    *, actor: User, tender: Tender, reason: str, evaluator: Evaluator | None = None, now: datetime
) -> Evaluator | None:
    """A member steps back, or the buyer's officer takes out one who cannot serve; the next of the lottery takes over.

    Returns the replacement, or None where the pool has nobody left: then the officer draws again from a wider one.

    Raises:
        NotOnPanel, PermissionRefused, ReasonMissing, IllegalTransition
    """
    tender = lock_row(Tender, tender.pk)
    if evaluator is None or evaluator.user_id == actor.pk:
        seat = own_seat(actor, tender)
    else:
        require(rules.can_run, actor, tender)
        seat = lock_row(Evaluator, evaluator.pk)
        if seat.tender_id != tender.pk:
            raise NotOnPanel
    if tender.state != TenderState.OPENED:
        # Nobody is drawn for a procurement that is over.
        raise IllegalTransition
    if not reason.strip():
        raise ReasonMissing(field="reason")
    apply_transition(
        EVALUATOR, seat, "recuse", actor=actor, now=now, reason=reason, changes={"recusal_reason": reason.strip()}
    )
    if not seat.is_expert:
        return None
    try:
        [(person, draw)] = panel.draw(
            tender, seat.draw["seed"], 1, law_seat=bool(seat.draw["law_seat"]) and seat.is_law_expert, now=now
        )
    except (PoolTooSmall, NoLawExpert):
        return None
    return _seat(tender, person, draw, replaces=seat, actor=actor, now=now)


def own_seat(actor: User, tender: Tender) -> Evaluator:
    """The actor's seat on the panel, locked.

    Raises:
        NotOnPanel
    """
    seat = Evaluator.objects.select_for_update().filter(tender_id=tender.pk, user_id=actor.pk).first()
    if seat is None:
        raise NotOnPanel
    return seat
