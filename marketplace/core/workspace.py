"""What waits for a person, offered by every room and shown on the workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing to do: what it is, where to do it, by when.

    ``tone`` is ``now`` (act), ``soon`` (be there at ``due_at``: nothing to do but come), ``wait`` (somebody else acts) or
    ``info``; ``weight`` orders items without a date, ``since`` (from when it waits) those of one weight, the oldest first.
    ``button`` names the way to it where it is nothing that is done on the site.
    """

    title: Any
    url: str
    detail: Any = ""
    due_at: datetime | None = None
    tone: str = "now"
    weight: int = 100
    since: datetime | None = None
    button: Any = ""

    @property
    def presses(self) -> bool:
        """Whether it may stand at the head of the workspace."""
        return self.tone in ("now", "soon")


Provider = Callable[[Any, datetime], Iterable[WorkItem]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    if provider not in _providers:
        _providers.append(provider)


def work_items(user: Any, now: datetime) -> list[WorkItem]:
    """All items of ``user``: what is to be done, then what is near, then the rest; each what is due first, then by weight.

    Never by title: what is the most urgent must not hang on the language it is read in.
    """
    items = [item for provider in _providers for item in provider(user, now)]
    order = {"now": 0, "soon": 1}
    far = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(items, key=lambda i: (order.get(i.tone, 2), i.due_at or far, i.weight, i.since or far, i.url))
