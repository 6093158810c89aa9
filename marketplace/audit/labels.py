"""The record in words. Every room names its acts; what it has not named shows as its code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

if TYPE_CHECKING:
    from .models import Event

_actions: dict[str, Any] = {}
_data: dict[str, Any] = {}
_reasons: dict[str, Any] = {}
#: keys -> their names; one query for a whole page of events
Names = Callable[[Iterable[int]], Mapping[int, str]]
_names: dict[str, Names] = {}


def register(
    actions: Mapping[str, Any], data: Mapping[str, Any] | None = None, reasons: Mapping[str, Any] | None = None
) -> None:
    """Name acts, what stands in their data, and the reasons that nobody wrote but the rules gave.

    ``register({"tender.publish": _("published the tender")}, {"lots": _("lots")})``; the labels may be lazy. A second
    label for the same code replaces the first.
    """
    _actions.update(actions)
    _data.update(data or {})
    _reasons.update(reasons or {})


def action_label(action: str) -> str:
    return str(_actions.get(action, action))


def data_label(key: str) -> str:
    return str(_data.get(key, key))


def reason_label(reason: str) -> str:
    """A reason as somebody wrote it, or the words for a code."""
    return str(_reasons.get(reason, reason))


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


def register_names(data_key: str, names: Names) -> None:
    """Say what the numbers under a key of event data are called: ``register_names("organisation", resolver)``."""
    _names[data_key] = names


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
    """(data key, number) -> name, for all of ``events`` at once: one query for each registered key that occurs.

    Keys are looked for in the rows of a table too (a ranking's bids).
    """
    wanted: dict[str, set[int]] = defaultdict(set)
    for event in events:
        for key, value in _entries(event.data):
            if key in _names:
                wanted[key].update(n for n in (value if isinstance(value, list) else [value]) if isinstance(n, int))
    return {
        (key, number): str(name) for key, numbers in wanted.items() for number, name in _names[key](numbers).items()
    }
