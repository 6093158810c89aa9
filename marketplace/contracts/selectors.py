"""Reading contracts and posts. Who may see which: ``rules.visible_to``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import (
    Avg,
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import User
from marketplace.accounts.selectors import public_cards
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.words import day_words
from marketplace.regions.models import Region
from marketplace.statutes.deadlines import Deadline

from . import rules
from .fulfilment import Item, fulfilment, quarter
from .kinds import by_village
from .models import Contract, Instalment, Obligation, Post, VillageRating
from .rules import visible_to
from .states import ContractState, InstalmentState, PostState

__all__ = [
    "adviser_of",
    "contract_list",
    "fulfilment",
    "leavings",
    "life_of",
    "money_of",
    "my_contracts",
    "post_rows",
    "posts_of_village",
    "taken_from",
    "vacant_posts",
    "visible_to",
]


def _code(region: Region | int) -> int:
    return region if isinstance(region, int) else region.code


def posts_of_village(region: Region | int) -> QuerySet[Post]:
    """The posts that serve a place today, filled ones first, with contract, supplier and adviser."""
    today = clock.today()
    return (
        Post.objects.filter(
            region=_code(region), contract__state=ContractState.ACTIVE, starts_on__lte=today, ends_on__gte=today
        )
        .select_related("contract__supplier", "contract__buyer", "adviser", "region")
        .order_by(
            Case(When(state=PostState.FILLED, then=Value(0)), default=Value(1), output_field=IntegerField()),
            "adviser_since",
            "pk",
        )
    )


def adviser_of(region: Region | int) -> User | None:
    """Who serves a village as its legal adviser today: of several, who has done so longest."""
    post = posts_of_village(region).filter(by_village("contract__"), state=PostState.FILLED).first()
    return post.adviser if post is not None else None


def vacant_posts(contract: Contract) -> QuerySet[Post]:
    """The posts of ``contract`` that nobody serves, with their places."""
    return contract.posts.filter(state=PostState.VACANT).select_related("region")


@dataclass(frozen=True, slots=True)
class Leaving:
    """An adviser left a post: by himself, or ``actor`` made it vacant (None: nobody is on record). ``reason`` as given then."""

    post_id: int
    person_id: int
    actor: User | None
    reason: str
    at: datetime

    @property
    def by_himself(self) -> bool:
        return self.actor is not None and self.actor.pk == self.person_id


def leavings(posts: QuerySet[Post]) -> dict[tuple[int, int], list[Leaving]]:
    """(post, person) → how the person left it, each time, in order: of everybody who left one of ``posts``. One query.

    Whose post was closed is not among them: closing takes nobody away.
    """
    keys = posts.annotate(key=Cast("pk", CharField())).order_by().values("key")
    left = Event.objects.filter(action="post.vacate", subject_type=Post._meta.label_lower, subject_id__in=keys)
    found: dict[tuple[int, int], list[Leaving]] = {}
    for event in left.select_related("actor").order_by("pk"):
        person = event.data.get("adviser")
        if person is not None:
            post = int(event.subject_id)
            leaving = Leaving(post, person, event.actor, event.reason, event.occurred_at)
            found.setdefault((post, person), []).append(leaving)
    return found


def taken_from(contracts: Sequence[Contract]) -> set[tuple[int, int]]:
    """(post, person) of everybody whom somebody else took from a post of ``contracts``; not who left it by himself at last."""
    posts = Post.objects.filter(contract__in=contracts)
    return {key for key, left in leavings(posts).items() if not left[-1].by_himself}


def contract_list(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """``contracts`` with what a list shows: parties, ``post_count``, ``filled_count`` and ``paid_sum`` in yuan."""

    def count(**which: Any) -> Coalesce:
        posts = Post.objects.filter(contract=OuterRef("pk"), **which).order_by().values("contract")
        return Coalesce(Subquery(posts.annotate(n=Count("pk")).values("n")), 0)

    payments = Instalment.objects.filter(contract=OuterRef("pk"), state=InstalmentState.PAID).order_by()
    paid = Subquery(payments.values("contract").annotate(sum=Sum(F("amount") - F("deduction"))).values("sum"))
    return contracts.select_related("buyer", "supplier").annotate(
        post_count=count(), filled_count=count(state=PostState.FILLED), paid_sum=paid
    )


def my_contracts(user: Any) -> QuerySet[Contract]:
    """The contracts of the organisations for which ``user`` acts, of the posts he serves, and of his villages."""
    return visible_to(user).filter(rules.own(user))


@dataclass(frozen=True, slots=True)
class Money:
    """A contract's amount by what became of it, in yuan; the parts add up to ``whole``."""

    whole: Decimal
    paid: Decimal
    accepted: Decimal
    deducted: Decimal
    void: Decimal

    @property
    def open(self) -> Decimal:
        return self.whole - self.paid - self.accepted - self.deducted - self.void


def money_of(instalments: Sequence[Instalment]) -> Money:
    def total(*states: str, what: str = "payable") -> Decimal:
        return sum((getattr(i, what).amount for i in instalments if i.state in states), Decimal(0))

    return Money(
        whole=total(*InstalmentState.values, what="amount"),
        paid=total(InstalmentState.PAID),
        accepted=total(InstalmentState.ACCEPTED),
        deducted=total(InstalmentState.PAID, InstalmentState.ACCEPTED, what="deduction"),
        void=total(InstalmentState.VOID, what="amount"),
    )


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post with what this quarter asks and has got, and what its village says (mean and number of all ratings).

    ``elapsed`` is the part of the post's days in the quarter that is over.
    """

    post: Post
    items: list[Item]
    elapsed: Fraction
    stars: Decimal | None
    ratings: int
    #: the adviser has a public card
    has_card: bool

    @property
    def counted(self) -> list[tuple[Item, bool]]:
        """The obligations of which a quantity falls due, and whether each lies behind the days that have passed.

        A post that is closed cannot catch up: what it delivered is settled by its instalment.
        """
        running = self.post.state != PostState.CLOSED
        return [(item, running and item.done < self._expected(item)) for item in self.items if item.due is not None]

    def _expected(self, item: Item) -> int:
        return int((item.threshold or 0) * self.elapsed)


def post_rows(posts: Sequence[Post], today: date, obligations: Sequence[Obligation]) -> list[PostRow]:
    """``posts`` with the fulfilment of the quarter in which ``today`` lies; three queries."""
    first, last = quarter(today)
    counted = fulfilment(posts, first, last, obligations=obligations)
    said = {
        row["post"]: (row["mean"], row["n"])
        for row in VillageRating.objects.filter(post__in=[p.pk for p in posts])
        .order_by()
        .values("post")
        .annotate(mean=Avg("stars"), n=Count("pk"))
    }
    cards = set(public_cards(today).filter(pk__in={p.adviser_id for p in posts}).values_list("pk", flat=True))
    return [
        PostRow(
            post,
            counted[post.pk],
            _elapsed(max(first, post.starts_on), min(last, post.ends_on), today),
            Decimal(str(round(said[post.pk][0], 1))) if post.pk in said else None,
            said.get(post.pk, (None, 0))[1],
            post.adviser_id in cards,
        )
        for post in posts
    ]


def _elapsed(begin: date, end: date, today: date) -> Fraction:
    """The part of the days ``begin`` to ``end`` (inclusive) that is over when ``today`` ends."""
    days = (end - begin).days + 1
    return Fraction(min(max((today - begin).days + 1, 0), days), days) if days > 0 else Fraction(1)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the life line; ``state``: did, now, off, or empty for what is to come."""

    label: str
    detail: str
    state: str


def life_of(
    contract: Contract,
    instalments: Sequence[Instalment],
    posts: int,
    filled: int,
    *,
    decided_at: datetime,
    in_shifts: bool = False,
) -> list[Step]:
    """Award, signatures, staffing, payments, end: where the contract stands.

    A step that is behind says what was done; one that is not names what it takes. ``in_shifts``: a duty roster says who
    serves when, so that no post waits for anybody.
    """
    signed = contract.buyer_signed_at
    sign_by = (
        _("by %(day)s") % {"day": day_words(Deadline.from_json(contract.sign_by).date)} if contract.sign_by else ""
    )
    paid = sum(i.state == InstalmentState.PAID for i in instalments)
    staffed = bool(posts) and (in_shifts or filled == posts or contract.state == ContractState.COMPLETED)
    all_paid = bool(instalments) and paid == len(instalments)
    ended = contract.state in (ContractState.COMPLETED, ContractState.TERMINATED)
    done = [
        (_("Awarded"), day_words(timezone.localdate(decided_at)), True),
        (
            _("Supplier signed") if contract.supplier_signed_at else _("Supplier's signature"),
            _day(contract.supplier_signed_at) or sign_by,
            contract.supplier_signed_at is not None,
        ),
        (_("Buyer signed") if signed else _("Buyer's signature"), _day(signed) or sign_by, signed is not None),
        (
            _("Staffed") if staffed else _("Staffing"),
            _("by duty roster")
            if in_shifts
            else ngettext("%(filled)s of %(posts)s post", "%(filled)s of %(posts)s posts", posts)
            % {"filled": filled, "posts": posts}
            if posts
            else "",
            # Once something was paid, a vacancy is no longer what everything waits for.
            staffed or paid > 0,
        ),
        (
            _("Paid") if all_paid else _("Payment"),
            _("%(paid)s of %(all)s") % {"paid": paid, "all": len(instalments)} if instalments else "",
            all_paid,
        ),
    ]
    steps = []
    now_given = ended
    for label, detail, is_done in done:
        state = "did" if is_done else "" if now_given else "now"
        now_given = now_given or not is_done
        steps.append(Step(label, detail, state))
    if contract.state == ContractState.TERMINATED:
        steps = [step for step in steps if step.state == "did"]
        return [*steps, Step(_("Ended early"), _day(contract.ended_at), "off")]
    last = Step(
        _("Completed") if ended else _("Completion"),
        _day(contract.ended_at) or day_words(contract.ends_on),
        "did" if ended else "",
    )
    return [*steps, last]


def _day(instant: datetime | None) -> str:
    return day_words(timezone.localdate(instant)) if instant else ""
