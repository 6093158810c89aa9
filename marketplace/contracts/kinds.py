"""What kind of posts a contract has: its frozen product says so, not how many there happen to be.

A product staffed by village has an adviser in each. Of the others, the posts are the seats of one team where the standard
promises several members who belong together (an obligation of the kind ``limit`` in persons); else each is a post of its own at a
place: a duty window, a hotline seat, a lecturer.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Case, CharField, Exists, OuterRef, Q, TextChoices, Value, When

from .models import Contract, Obligation


class PostKind(TextChoices):
    VILLAGE = "village"
    TEAM = "team"
    PLACE = "place"


def by_village(to_contract: str = "") -> Q:
    """Filter: the contract at the end of the path ``to_contract`` (``"run__contract__"``) is staffed by village."""
    return Q(**{f"{to_contract}award__lot__product_version__content__staffed_by_village": True})


def of_team() -> Q:
    """Filter on contracts: the posts are the seats of one team."""
    members = Obligation.objects.filter(contract=OuterRef("pk"), kind="limit", quantity_unit="persons", quantity__gt=1)
    return ~by_village() & Q(Exists(members))


def kinds_of(contracts: Collection[int]) -> dict[int, PostKind]:
    """Key of a contract → what its posts are. One query."""
    kind = Case(
        When(by_village(), then=Value(PostKind.VILLAGE.value)),
        When(of_team(), then=Value(PostKind.TEAM.value)),
        default=Value(PostKind.PLACE.value),
        output_field=CharField(),
    )
    rows = Contract.objects.filter(pk__in=contracts).annotate(kind=kind).order_by()
    return {pk: PostKind(found) for pk, found in rows.values_list("pk", "kind")}


def kind_of(contract: Contract) -> PostKind:
    return kinds_of([contract.pk])[contract.pk]
