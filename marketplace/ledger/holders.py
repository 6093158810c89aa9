"""Whose books these are, and what moved them. The ledger knows neither people, budgets nor visits: the rooms that do tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder as a page names it: its name in the active language, its own page, the list it stands in."""

    name: str
    url: str = ""
    list_name: str = ""
    list_url: str = ""


#: the part of a holder's code after its kind → the holder; None where there is none
Describe = Callable[[str], Holder | None]
_describers: dict[str, Describe] = {}


def register(kind: str, describe: Describe) -> None:
    """``kind`` is the first part of a holder's code: ``budget``, ``organisation``, ``user``."""
    _describers[kind] = describe


def kind_of(holder: str) -> str:
    return holder.partition(":")[0]


def describe(holder: str) -> Holder | None:
    describer = _describers.get(kind_of(holder))
    return describer(holder.partition(":")[2]) if describer is not None else None


#: the key in a transfer's reference → the page of what it concerns
PageOf = Callable[[str], str]
_pages: dict[str, tuple[PageOf, bool]] = {}


def register_page(kind: str, page_of: PageOf, *, own_only: bool = False) -> None:
    """``kind`` is the first part of a transfer's reference: ``session``, ``contracts.instalment``.

    Nobody asks again, line by line, so who reads the statement must be able to read the page. ``own_only``: only whose
    statement it is can.
    """
    _pages[kind] = page_of, own_only


def page_of(reference: str, *, own: bool) -> str:
    """The address of what a movement concerns, or nothing; ``own``: the reader's own statement."""
    kind, _colon, key = reference.partition(":")
    found, own_only = _pages.get(kind, (None, False))
    return found(key) if found is not None and key.isdigit() and (own or not own_only) else ""
