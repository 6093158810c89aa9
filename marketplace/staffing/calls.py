"""Calls for volunteers follow the posts whose gap they were made for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace.contracts.models import Post
from marketplace.contracts.states import PostState
from marketplace.core.i18n import localized
from marketplace.core.mail import tell
from volunteers.models import Opportunity, SignUp
from volunteers.services import answer_opportunity
from volunteers.states import OpportunityState, SignUpState

#: in the language of the part of the letter in which it stands
_in_words = lazy(localized, str)


def close_answered_calls(*, now: datetime, post_ids: Sequence[int] | None = None) -> int:
    """Close the calls that seek an adviser for a post that has one by now; gives how many.

    Whoever signed up is told by mail: places stay, the waiting list ends (``volunteers.services.answer_opportunity``).
    """
    filled = Post.objects.filter(state=PostState.FILLED)
    if post_ids is not None:
        filled = filled.filter(pk__in=post_ids)
    answered = Opportunity.objects.filter(
        state__in=[OpportunityState.DRAFT, OpportunityState.OPEN], seeks_adviser_for_post__in=filled.values("pk")
    )
    keys = list(answered.order_by("pk").values_list("pk", flat=True))
    return sum(_close(key, now) for key in keys)


@transaction.atomic
def _close(key: int, now: datetime) -> bool:
    # The sweep and the news of the post may come together: the second finds nothing to do.
    call = (
        Opportunity.objects.select_for_update(of=["self"])
        .filter(pk=key, state__in=[OpportunityState.DRAFT, OpportunityState.OPEN])
        .select_related("region")
        .first()
    )
    if call is None:
        return False
    _tell(call, answer_opportunity(opportunity=call, now=now))
    return True


def _tell(call: Opportunity, sign_ups: list[SignUp]) -> None:
    """One letter a person: who keeps a place on any day is told of that."""
    people = {s.volunteer_id: s.volunteer for s in sign_ups}
    keeping = {s.volunteer_id for s in sign_ups if s.state in (SignUpState.CONFIRMED, SignUpState.OFFERED)}
    village = _in_words(call.region, "name")
    tell(
        [person for key, person in people.items() if key in keeping],
        _("%(village)s has found its legal adviser; your place stays"),
        _(
            "%(village)s has a legal adviser now, so its call for volunteers is closed. Your place stays yours, and an offered "
            "place can still be taken: come and lend a hand, or give it up on the page of your shifts."
        ),
        reverse("volunteers:mine"),
        village=village,
    )
    tell(
        [person for key, person in people.items() if key not in keeping],
        _("%(village)s has found its legal adviser; the waiting list has ended"),
        _(
            "%(village)s has a legal adviser now, so its call for volunteers is closed and its waiting list with it. "
            "Thank you for waiting. Other villages near you still look for somebody."
        ),
        reverse("volunteers:find"),
        village=village,
    )
