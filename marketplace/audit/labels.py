"""The record in words. Every room names its acts; what it has not named shows as its code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import get_language

from marketplace.core.words import money_words

if TYPE_CHECKING:
    from .models import Event

#: a value of an event's data -> its words; None where it has none
Words = Callable[[Any], str | None]
#: keys -> their names; one query for a whole page of events
Names = Callable[[Iterable[int]], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class _Dictionary:
    """What one room calls the data of its own acts, in the order in which pages show them."""

    labels: Mapping[str, Any]
    values: Mapping[str, Words]


_actions: dict[str, Any] = {}
_dictionaries: dict[str, _Dictionary] = {}
_common: dict[str, Any] = {}
_reasons: dict[str, Any] = {}
_names: dict[str, Names] = {}
_subjects: dict[str, Names] = {}


def register(
    actions: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    reasons: Mapping[str, Any] | None = None,
    values: Mapping[str, Words] | None = None,
) -> None:
    """Name acts, what stands in their data, and the reasons that nobody wrote but the rules gave.

    ``register({"tender.publish": _("published the tender")}, {"lots": _("lots")}, values={"amount": yuan})``; the
    labels may be lazy. Two rooms may use one key for two things: an act takes the words of the call that names it, and
    those of others only for a key that its own lacks. ``deal.kept`` or ``deal.request.kept`` as a key stands for the
    acts of that kind alone. ``values`` says how the value of a key is written.
    """
    dictionary = _Dictionary(data or {}, values or {})
    _actions.update(actions)
    _dictionaries.update(dict.fromkeys(actions, dictionary))
    _common.update(data or {})
    _reasons.update(reasons or {})


def _scoped(action: str, key: str) -> tuple[str, str, str]:
    """The names under which a key may be registered, the narrowest first."""
    return f"{action}.{key}", f"{action.partition('.')[0]}.{key}", key


def _own(action: str) -> _Dictionary:
    return _dictionaries.get(action) or _Dictionary({}, {})


def action_label(action: str) -> str:
    return str(_actions.get(action, action))


def data_label(action: str, key: str) -> str:
    """What ``key`` means in the data of ``action``."""
    own = _own(action).labels
    return str(next((own[name] for name in _scoped(action, key) if name in own), _common.get(key, key)))


def in_order(action: str, data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The data as the room's dictionary has it; what it does not name comes last."""
    places = {name: place for place, name in enumerate(_own(action).labels)}

    def place(key: str) -> tuple[int, str]:
        return min((places[name] for name in _scoped(action, key) if name in places), default=len(places)), key

    return sorted(data.items(), key=lambda item: place(item[0]))


def value_words(action: str, key: str, value: Any) -> str | None:
    """A value as the room says that it is written."""
    own = _own(action).values
    return next((own[name](value) for name in _scoped(action, key) if name in own), None)


def yuan(value: Any) -> str | None:
    """An amount as the record keeps it (``"103680.00"``), in words: ``¥103,680``."""
    try:
        return money_words(Decimal(value))
    except (InvalidOperation, TypeError, ValueError):
        return None


def one_of(choices: Iterable[tuple[Any, Any]]) -> Words:
    """Values that are one of ``choices``, in their words: ``values={"ground": one_of(Ground.choices)}``."""
    words = dict(choices)
    return lambda value: str(words[value]) if value in words else None


def reason_of(event: Event) -> str:
    """Why: as somebody wrote it, in the active language where the event keeps it in both; or the words for a code."""
    twin = event.data.get("reason_en") if (get_language() or "").startswith("en") else ""
    return str(twin or _reasons.get(event.reason, event.reason))


def is_named(action: str) -> bool:
    return action in _actions


def named_actions() -> dict[str, str]:
    return {code: str(label) for code, label in _actions.items()}


def subject_label(subject_type: str) -> str:
    """The kind of object in words: the model's own name."""
    try:
        return str(apps.get_model(subject_type)._meta.verbose_name)
    except (LookupError, ValueError):
        return subject_type


def value_label(subject_type: str, field_name: str, value: Any) -> str | None:
    """A value of one of the subject's fields in words, if that field has a list of choices."""
    try:
        field: Any = apps.get_model(subject_type)._meta.get_field(field_name)
        return str(dict(field.flatchoices)[value])
    except (LookupError, ValueError, TypeError, AttributeError, FieldDoesNotExist):
        return None


def register_subjects(subject_type: str, names: Names) -> None:
    """Say what the objects of a kind are called: ``register_subjects("procurement.tender", resolver)``."""
    _subjects[subject_type] = names


def subject_names(events: Iterable[Event]) -> dict[tuple[str, str], str]:
    """(kind, key as the record keeps it) -> name, for the objects of ``events``: one query a kind that has names."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for event in events:
        if event.subject_type in _subjects and event.subject_id.isdecimal():
            wanted[event.subject_type].add(int(event.subject_id))
    return {(kind, str(key)): str(name) for kind, keys in wanted.items() for key, name in _subjects[kind](keys).items()}


def register_names(data_key: str, names: Names) -> None:
    """Say what the numbers under a key of event data are called: ``register_names("organisation", resolver)``.

    ``contract.call_volunteers.posts`` as a key stands for one act alone.
    """
    _names[data_key] = names


def names_key(action: str, key: str) -> str | None:
    """The registered name of the resolver for ``key``, if there is one."""
    return next((name for name in _scoped(action, key) if name in _names), None)


def _entries(data: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    if isinstance(data, list):
        for item in data:
            yield from _entries(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield key, value
            yield from _entries(value)


def names_of(events: Iterable[Event]) -> dict[tuple[str, int], str]:
    """(registered key, number) -> name, for all of ``events`` at once: one query for each such key that occurs.

    Keys are looked for in the rows of a table too (a ranking's bids).
    """
    wanted: dict[str, set[int]] = defaultdict(set)
    for event in events:
        for key, value in _entries(event.data):
            name = names_key(event.action, key)
            if name is not None:
                wanted[name].update(n for n in (value if isinstance(value, list) else [value]) if isinstance(n, int))
    return {
        (key, number): str(name) for key, numbers in wanted.items() for number, name in _names[key](numbers).items()
    }
