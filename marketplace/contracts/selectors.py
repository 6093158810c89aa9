"""Reading contracts and posts. Who may see which: ``rules.visible_to``."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from marketplace.accounts.models import User
from marketplace.core import clock
from marketplace.regions.models import Region

from . import rules
from .fulfilment import fulfilment
from .models import Contract, Instalment, Post
from .rules import visible_to
from .states import ContractState, InstalmentState, PostState

__all__ = [
    "adviser_of",
    "contract_list",
    "fulfilment",
    "instalments_of",
    "money_of",
    "my_contracts",
    "posts_of_village",
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
    post = (
        posts_of_village(region)
        .filter(state=PostState.FILLED, contract__award__lot__product_version__content__staffed_by_village=True)
        .first()
    )
    return post.adviser if post is not None else None


def vacant_posts(contract: Contract) -> QuerySet[Post]:
    """The posts of ``contract`` that nobody serves, with their places."""
    return contract.posts.filter(state=PostState.VACANT).select_related("region")


def contract_list(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """``contracts`` with what a list shows: parties, number of posts and of filled ones, what was paid."""
    return contracts.select_related("buyer", "supplier").annotate(
        post_count=Count("posts", distinct=True),
        filled_count=Count("posts", filter=Q(posts__state=PostState.FILLED), distinct=True),
    )


def my_contracts(user: Any) -> QuerySet[Contract]:
    """The contracts of the organisations for which ``user`` acts, of the posts he serves, and of his villages."""
    return visible_to(user).filter(rules.own(user))


def instalments_of(contract: Contract) -> QuerySet[Instalment]:
    return contract.instalments.select_related("contract__buyer", "contract__supplier").order_by("number")


def money_of(instalments: list[Instalment]) -> dict[str, Any]:
    """Paid, accepted and not yet paid, deducted, and still open, in yuan, of a contract's instalments."""
    paid = sum(i.payable.amount for i in instalments if i.state == InstalmentState.PAID)
    accepted = sum(i.payable.amount for i in instalments if i.state == InstalmentState.ACCEPTED)
    deducted = sum(
        i.deduction.amount for i in instalments if i.state in (InstalmentState.PAID, InstalmentState.ACCEPTED)
    )
    void = sum(i.amount.amount for i in instalments if i.state == InstalmentState.VOID)
    whole = sum(i.amount.amount for i in instalments)
    return {
        "paid": paid,
        "accepted": accepted,
        "deducted": deducted,
        "void": void,
        "open": whole - paid - accepted - deducted - void,
    }
