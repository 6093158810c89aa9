"""What a contract owes: the frozen standard of its product, told for what the lot buys of it."""

from __future__ import annotations

from marketplace.procurement.models import Lot

from .fulfilment import is_counted
from .models import Obligation


def obligations_of(lot: Lot) -> list[Obligation]:
    """The obligations of a contract on ``lot``, not yet written and of no contract.

    A standard is that of one unit of its product. Where several people make up a unit (a counsel team, a hotline seat held
    round the clock), what it promises in hours or times is owed by the seats together, for as many units as they fill.
    """
    content = lot.product_version.content
    people = 1 if lot.by_village else int(content.get("posts_per_unit") or 1)
    lines = [Obligation(**line) for line in content["obligations"]]
    if people > 1:
        for line in filter(is_counted, lines):
            line.quantity *= max(1, lot.seat_count // people)
            line.shared_by = lot.seat_count
    return lines
