"""What service can be for. Rooms above register where their people may serve; this room knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.accounts.models import Organisation, User
from marketplace.regions.models import Region


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a person may record service for: ``kind`` and ``id`` name it (``contracts.post``, 12).

    ``starts_at``/``ends_at`` are set where the time is agreed beforehand (a shift).
    """

    kind: str
    id: int
    label: Any
    region: Region
    host: Organisation
    capacity: str
    session_kinds: tuple[str, ...]
    url: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None


Provider = Callable[[User, datetime], Iterable[Subject]]
_providers: dict[str, list[Provider]] = {}


def register(kind: str, provider: Provider) -> None:
    """``provider(person, now)`` yields the subjects of this kind that the person may record service for now.

    Several may offer one kind: a post is served by its adviser, and by whoever is on duty there.
    """
    known = _providers.setdefault(kind, [])
    if provider not in known:
        known.append(provider)


def _of_kind(person: User, kind: str, now: datetime) -> list[Subject]:
    """Each once: what the first provider says of it holds."""
    found: dict[int, Subject] = {}
    for provider in _providers.get(kind, []):
        for subject in provider(person, now):
            found.setdefault(subject.id, subject)
    return list(found.values())


def subjects_of(person: User, now: datetime) -> list[Subject]:
    return [subject for kind in _providers for subject in _of_kind(person, kind, now)]


def subject_of(person: User, kind: str, pk: int, now: datetime) -> Subject | None:
    """The subject if the person may record service for it, else None."""
    return next((s for s in _of_kind(person, kind, now) if s.id == pk), None)
