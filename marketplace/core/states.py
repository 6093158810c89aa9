"""States as data.

A room writes its machine as a table of ``Transition``; this module is the only one that changes a state. The
change is a conditional UPDATE whose row count decides a race, and it leaves its audit event in the same
transaction through the recorder that ``audit`` installs (``core`` knows no room above it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import models, transaction

from .errors import StaleState


class Recorder(Protocol):
    def __call__(
        self, *, actor: Any, action: str, subject: models.Model, now: datetime, reason: str, data: Mapping[str, Any]
    ) -> None: ...


_recorder: Recorder | None = None


def install_recorder(recorder: Recorder) -> None:
    """Called once by ``audit`` when the applications are ready."""
    global _recorder
    _recorder = recorder


class IllegalTransition(StaleState):
    """The pair (action, present state) is not in the table."""

    code = "illegal_transition"


@dataclass(frozen=True, slots=True)
class Transition:
    """``action`` leads from any of ``sources`` to ``target``."""

    action: str
    sources: tuple[str, ...]
    target: str


class StateTable:
    """The machine of one model: an immutable set of transitions over ``field``."""

    def __init__(self, name: str, transitions: Iterable[Transition], *, field: str = "state") -> None:
        self.name = name
        self.field = field
        self._by_action: dict[str, Transition] = {}
        for item in transitions:
            if item.action in self._by_action:
                raise ValueError(f"{name}: action {item.action} stands twice")
            self._by_action[item.action] = item

    def __getitem__(self, action: str) -> Transition:
        return self._by_action[action]

    def __iter__(self) -> Iterator[Transition]:
        return iter(self._by_action.values())

    def allows(self, action: str, state: str) -> bool:
        """Whether ``action`` may follow ``state``; an unknown action raises KeyError (a programming error)."""
        return state in self._by_action[action].sources

    def actions_from(self, state: str) -> list[str]:
        return [t.action for t in self._by_action.values() if state in t.sources]


def apply_transition(
    table: StateTable,
    obj: models.Model,
    action: str,
    *,
    actor: Any,
    now: datetime,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    check: Callable[[models.Model], None] | None = None,
) -> None:
    """Apply ``action`` to ``obj``, write ``changes`` with it and record the event, in one transaction.

    ``obj`` is refreshed in place (state and changed fields). ``data`` goes into the audit event.

    Raises:
        IllegalTransition: the present state, in the database and not in memory, is none of the action's sources.
    """
    step = table[action]
    model = type(obj)
    fields: dict[str, Any] = {table.field: step.target, **(changes or {})}
    with transaction.atomic():
        if check is not None:
            check(obj)
        updated = model._default_manager.filter(pk=obj.pk, **{f"{table.field}__in": step.sources}).update(**fields)
        if updated != 1:
            raise IllegalTransition
        before = getattr(obj, table.field)
        for name, value in fields.items():
            setattr(obj, name, value)
        if _recorder is None:
            raise RuntimeError("No audit recorder is installed: a state may not change without its event.")
        _recorder(
            actor=actor,
            action=f"{table.name}.{action}",
            subject=obj,
            now=now,
            reason=reason,
            data={"from": before, "to": step.target, **(data or {})},
        )
