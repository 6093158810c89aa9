"""Calls for volunteers: opened for what the market leaves empty, closed when their post is filled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Organisation, OrganisationKind, User
from marketplace.audit.services import record
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.states import ContractState, PostState
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row
from marketplace.core.mail import tell
from marketplace.core.permissions import require
from marketplace.regions.models import Level
from volunteers.models import Opportunity, OpportunityKind, SignUp
from volunteers.services import NewShift, answer_opportunity, create_opportunity, open_opportunity
from volunteers.states import OpportunityState, SignUpState

from . import errors, rules
from .freezing import open_posts
from .states import RunState

#: in the language of the part of the letter in which it stands
_in_words = lazy(localized, str)


@transaction.atomic
def call_volunteers(
    *,
    actor: User,
    contract: Contract,
    shifts: Sequence[NewShift],
    meeting_point: str,
    meeting_point_en: str = "",
    contact_phone: str,
    now: datetime,
) -> list[Opportunity]:
    """Open a call for volunteers for every village that the market left empty, once a post.

    The village's committee confirms the visits; where it is not registered, the buyer does. The calls begin with one
    ``meeting_point``, true of any village; each can say its own later (``volunteers.services.say_where_to_meet``).

    Raises:
        PermissionRefused, NotActive, NoRoundYet, NoGap, and what ``volunteers.services.create_opportunity`` refuses
    """
    contract = lock_row(Contract, contract.pk)
    require(rules.can_call_volunteers, actor, contract)
    if contract.state != ContractState.ACTIVE:
        raise errors.NotActive
    last = contract.runs.filter(state=RunState.PUBLISHED).first()
    if last is None:
        raise errors.NoRoundYet
    gaps = uncalled_gaps(contract)
    if not gaps:
        raise errors.NoGap
    hosts = _village_committees(gaps)
    opened = []
    for post in gaps:
        words = _call_words(post)
        opportunity = create_opportunity(
            actor=actor,
            organiser=contract.buyer,
            host=hosts.get(post.region_id, contract.buyer),
            kind=OpportunityKind.VISIT,
            title=words["title"],
            title_en=words["title_en"],
            description=words["description"],
            description_en=words["description_en"],
            region=post.region,
            meeting_point=meeting_point,
            meeting_point_en=meeting_point_en,
            contact_phone=contact_phone,
            shifts=shifts,
            skills=last.parameters["wanted"],
            languages=last.parameters["languages"],
            seeks_adviser_for_post=post.pk,
            now=now,
        )
        opened.append(open_opportunity(actor=actor, opportunity=opportunity, now=now))
    record(
        actor=actor,
        action="contract.call_volunteers",
        subject=contract,
        now=now,
        data={"posts": [post.pk for post in gaps], "opportunities": [o.pk for o in opened]},
    )
    return opened


def uncalled_gaps(contract: Contract) -> list[Post]:
    """Vacant posts without a live proposal and without an open call."""
    called = Opportunity.objects.filter(
        state__in=[OpportunityState.DRAFT, OpportunityState.OPEN], seeks_adviser_for_post__isnull=False
    ).values("seeks_adviser_for_post")
    # A village can be helped by volunteers; the seat of a team cannot.
    villages = open_posts(contract).filter(region__level=Level.VILLAGE)
    return list(villages.exclude(pk__in=called).select_related("region").order_by("pk"))


def _village_committees(posts: list[Post]) -> dict[int, Organisation]:
    found = Organisation.objects.filter(
        kind=OrganisationKind.VILLAGE, region__in=[post.region_id for post in posts]
    ).exclude(state="closed")
    return {organisation.region_id: organisation for organisation in found.order_by("-pk")}


def _call_words(post: Post) -> dict[str, str]:
    """Title and text of a call. They are data in both languages, so no catalogue is asked."""
    village, village_en = post.region.name, post.region.name_en
    return {
        "title": f"{village}招募志愿法律顾问",
        "title_en": f"{village_en} seeks a volunteer legal adviser",
        "description": f"合同律师目前无法覆盖{village}。请到村里解答群众的法律问题，协助审看协议、调解纠纷。"
        "有法律专业学习或从业经历最好，耐心倾听更重要。",
        "description_en": f"No lawyer of the contract can serve {village_en} at present. Come to the village, answer people's "
        "legal questions, look through agreements and help with mediation. A law degree or practice helps; listening "
        "matters most.",
    }


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
