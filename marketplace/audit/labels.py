"""The record in words. Every room names its acts; what it has not named shows as its code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

_actions: dict[str, Any] = {}
_data: dict[str, Any] = {}


def register(actions: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> None:
    """Name acts, and what stands in their data.

    ``register({"tender.publish": _("published the tender")}, {"lots": _("lots")})``; the labels may be lazy. A second
    label for the same code replaces the first.
    """
    _actions.update(actions)
    _data.update(data or {})


def action_label(action: str) -> str:
    return str(_actions.get(action, action))


def data_label(key: str) -> str:
    return str(_data.get(key, key))


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


def state_label(subject_type: str, value: str) -> str:
    """A state of the subject in words."""
    try:
        field: Any = apps.get_model(subject_type)._meta.get_field("state")
    except (LookupError, ValueError, FieldDoesNotExist):
        return value
    return str(dict(field.flatchoices).get(value, value))
