"""Who may sit on a panel, and the lottery that seats the experts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.accounts.rules import has_role
from marketplace.accounts.selectors import conflicts
from marketplace.core.canonical import digest
from marketplace.core.i18n import localized

from . import rules_evaluation as rules
from . import scoring
from . import selectors_evaluation as selectors
from .errors_evaluation import NoLawExpert, PanelUnlawful, PoolTooSmall
from .models import Evaluator, Tender
from .states import EvaluatorState


def check_size(tender: Tender, experts: int, representatives: int, *, complex_matter: bool) -> None:
    size, smallest = experts + representatives, selectors.smallest_panel(tender, complex_matter=complex_matter)
    if size < smallest or size % 2 == 0:
        raise PanelUnlawful(
            _("The panel needs an odd number of members, %(smallest)s at least."),
            field="experts_needed",
            smallest=smallest,
        )
    if experts * 3 < size * 2:
        raise PanelUnlawful(_("At least two thirds of the panel are experts."), field="representatives")


def check_representative(tender: Tender, person: User, now: datetime) -> None:
    involved = person.pk in (tender.drafted_by_id, tender.approved_by_id) or rules.share_of(person, tender) is not None
    if not has_role(person, tender.organisation_id) or involved:
        raise PanelUnlawful(
            _(
                "%(person)s cannot represent the buyer on the panel: only a member of it who neither drafted nor approved."
            ),
            field="representatives",
            person=localized(person, "display_name"),
        )
    if found := conflicts(person, selectors.bidders(tender), timezone.localdate(now)):
        raise PanelUnlawful(
            _("%(person)s has a tie to a bidder: %(tie)s."),
            field="representatives",
            person=localized(person, "display_name"),
            tie=str(found[0]),
        )


def is_free(seat: Evaluator) -> bool:
    """A seat whose holder left and that nobody took over."""
    return seat.state == EvaluatorState.RECUSED and not hasattr(seat, "replacement")


def draw(tender: Tender, seed: str, needed: int, *, law_seat: bool, now: datetime) -> list[tuple[User, dict[str, Any]]]:
    """``needed`` people, from the nearest area that has enough, with the record of each one's draw."""
    on = timezone.localdate(now)
    parties = selectors.bidders(tender)
    seated = set(Evaluator.objects.filter(tender=tender).values_list("user_id", flat=True))
    found: list[tuple[User, dict[str, Any]]] = []
    law_found = False
    for area in selectors.areas(tender):
        pool = {person.pk: person for person in selectors.expert_pool(tender, area, on)}
        order = scoring.draw_order(seed, list(pool))
        common = {
            "seed": seed,
            "area": area,
            "pool_size": len(order),
            "pool": list(pool),
            "pool_digest": digest(list(pool)),
            "drawn_on": on.isoformat(),
        }
        found, law_found = [], False
        passed: list[int] = []
        for place, key in enumerate(order, start=1):
            person = pool[key]
            is_law = bool(getattr(person, "law_expert", False))
            if key in seated:
                continue
            # The last seat is kept for a law expert where one must sit and none has been drawn.
            reserved = law_seat and not law_found and not is_law and len(found) == needed - 1
            if reserved or conflicts(person, parties, on):
                passed.append(place)
                continue
            found.append((person, {**common, "place": place, "passed_over": list(passed), "law_seat": law_seat}))
            law_found = law_found or is_law
            if len(found) == needed:
                return found
    if law_seat and not law_found:
        raise NoLawExpert
    raise PoolTooSmall(found=len(found), needed=needed)


def repeat_draw(seat: Evaluator) -> bool:
    """Whether the recorded seed and pool put this member at the recorded place."""
    draw = seat.draw
    if draw.get("representative"):
        return True
    order = scoring.draw_order(draw["seed"], draw["pool"])
    return bool(digest(draw["pool"]) == draw["pool_digest"] and order[draw["place"] - 1] == seat.user_id)
