"""The one search box: every room may answer with hits that the asking person may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SearchHit:
    title: Any
    url: str
    kind: Any
    detail: Any = ""


Provider = Callable[[str, Any, int], Iterable[SearchHit]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """``provider(query, user, limit)`` returns at most ``limit`` hits, best first."""
    if provider not in _providers:
        _providers.append(provider)


def search(query: str, user: Any, *, limit: int = 10) -> list[SearchHit]:
    query = query.strip()
    if not query:
        return []
    return [hit for provider in _providers for hit in provider(query, user, limit)]
