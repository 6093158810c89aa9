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

from .bulk import among
from .errors import StaleState

_NO_RECORDER = "No audit recorder is installed: a state may not change without its event."


class Recorder(Protocol):
    def __call__(
        self, *, actor: Any, action: str, subject: models.Model, now: datetime, reason: str, data: Mapping[str, Any]
    ) -> None: ...


class RecorderOfMany(Protocol):
    """``data`` by primary key: one event each."""

    def __call__(
        self,
        *,
        actor: Any,
        action: str,
        model: type[models.Model],
        now: datetime,
        reason: str,
        data: Mapping[Any, Mapping[str, Any]],
    ) -> None: ...


_recorder: Recorder | None = None
_recorder_of_many: RecorderOfMany | None = None


def install_recorder(recorder: Recorder, of_many: RecorderOfMany) -> None:
    """Called once by ``audit`` when the applications are ready."""
    global _recorder, _recorder_of_many
    _recorder, _recorder_of_many = recorder, of_many


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
            raise RuntimeError(_NO_RECORDER)
        _recorder(
            actor=actor,
            action=f"{table.name}.{action}",
            subject=obj,
            now=now,
            reason=reason,
            data={"from": before, "to": step.target, **(data or {})},
        )


def apply_transitions(
    table: StateTable,
    rows: models.QuerySet[Any],
    action: str,
    *,
    actor: Any,
    now: datetime,
    reason: str = "",
    changes: Mapping[str, Any] | None = None,
    skip_locked: bool = False,
) -> list[Any]:
    """``apply_transition`` for all ``rows`` of one model at once, with an event each; gives their keys, in order.

    The rows are locked in the order of their keys, and only those count that ``rows`` still holds then. With ``skip_locked``
    those that somebody else has locked are left to him. The number of statements does not depend on that of the rows.

    Raises:
        IllegalTransition: one of them is in none of the action's sources. Nothing is changed.
    """
    step = table[action]
    with transaction.atomic():
        # Without what a related manager remembers, which would ask for its own column row by row.
        plain = rows.model._default_manager.all()
        plain.query = rows.query.chain()
        locked = plain.select_for_update(of=("self",), skip_locked=skip_locked).only(table.field).order_by("pk")
        before = {row.pk: getattr(row, table.field) for row in locked}
        if not set(before.values()) <= set(step.sources):
            raise IllegalTransition
        if not before:
            return []
        values: dict[str, Any] = {table.field: step.target, **(changes or {})}
        rows.model._default_manager.filter(pk__in=among(before)).update(**values)
        if _recorder_of_many is None:
            raise RuntimeError(_NO_RECORDER)
        _recorder_of_many(
            actor=actor,
            action=f"{table.name}.{action}",
            model=rows.model,
            now=now,
            reason=reason,
            data={key: {"from": state, "to": step.target} for key, state in before.items()},
        )
    return list(before)
