"""``{% load audit %}``: the way from an object to its record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.db import models
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from marketplace.audit import labels, selectors
from marketplace.audit.models import Event
from marketplace.core.templatetags.ui import day, icon_tag, when

register = template.Library()

DIGEST = re.compile(r"[0-9a-f]{64}")
DAY = re.compile(r"\d{4}-\d\d-\d\d")


@register.simple_tag(takes_context=True)
def trail_link(context: Context, obj: models.Model, text: Any = "") -> str:
    """``{% trail_link tender %}``: a link to the object's record, for who may read it; else nothing."""
    user = getattr(context.get("request"), "user", None)
    kind = obj._meta.label_lower
    if user is None or not selectors.readable_trail(user, kind, obj.pk).exists():
        return ""
    url = reverse("audit:trail", args=[kind, obj.pk])
    return format_html(
        '<a class="trail-link" href="{}">{}{}</a>', url, icon_tag("seal"), text or _("Record of actions")
    )


@register.filter
def act(event: Event) -> str:
    """``{{ event|act }}``: what was done, in words."""
    return labels.action_label(event.action)


@register.filter
def because(event: Event) -> str:
    """``{{ event|because }}``: why, in words."""
    return labels.reason_of(event)


@register.simple_tag
def object_words(event: Event, subjects: Mapping[tuple[str, str], str]) -> str:
    """What was acted on: its name, or its kind and number. ``subjects``: see ``labels.subject_names``."""
    name = subjects.get((event.subject_type, event.subject_id))
    return name or f"{labels.subject_label(event.subject_type)} {event.subject_id}"


@register.filter
def act_data(event: Event, names: Mapping[tuple[str, int], str] | None = None) -> list[tuple[str, str]]:
    """(label, value) of what the event keeps besides; the change of state first. ``names``: see ``labels.names_of``.

    Values are markup. What is empty is left out.
    """
    data = {key: value for key, value in event.data.items() if key != "reason_en"}
    words = _Words(event, names or {})
    pairs: list[tuple[str, str]] = []
    before, after = data.pop("from", None), data.pop("to", None)
    if before is not None and after is not None and before != after:
        states = [labels.value_label(event.subject_type, "state", side) for side in (before, after)]
        label = _("State") if all(states) else _("What changed")
        said = [state or words.plain(side) for state, side in zip(states, (before, after), strict=True)]
        pairs.append((label, format_html("{} → {}", *said)))
    return pairs + [(labels.data_label(event.action, key), words.of(key, value)) for key, value in words.kept(data)]


class _Words:
    """The values of one event in words."""

    def __init__(self, event: Event, names: Mapping[tuple[str, int], str]) -> None:
        self.event, self.names = event, names

    def kept(self, data: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return [(key, value) for key, value in labels.in_order(self.event.action, data) if value != ""]

    def of(self, key: str, value: Any) -> str:
        return (
            self._named(key, value)
            or labels.value_words(self.event.action, key, value)
            or labels.value_label(self.event.subject_type, key, value)
            or self.plain(value)
        )

    def _named(self, key: str, value: Any) -> str | None:
        """The names of the numbers, if each of them has one."""
        registered = labels.names_key(self.event.action, key)
        numbers = value if isinstance(value, list) else [value]
        if registered is None or not numbers:
            return None
        found = [self.names.get((registered, n)) if isinstance(n, int) else None for n in numbers]
        return _(", ").join(filter(None, found)) if all(found) else None

    def plain(self, value: Any, between: str = "\n") -> str:
        """A value without a word of its own. The rows of a table, and the cells of one row, stand one below the other."""
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, list):
            table = any(isinstance(item, dict) for item in value)
            parts = [self.plain(item, _("; ")) for item in value]
            return _join("\n" if table else _(", "), parts) or "–"
        if isinstance(value, dict):
            cells = [
                format_html("{}{}{}", labels.data_label(self.event.action, key), _(": "), self.of(key, item))
                for key, item in self.kept(value)
            ]
            return _join(between, cells) or "–"
        if isinstance(value, str):
            return _moment(value)
        return "–" if value is None else str(value)


def _join(between: str, parts: Sequence[str]) -> str:
    return format_html_join(between, "{}", ((part,) for part in parts))


def _moment(value: str) -> str:
    """An instant or a day as ISO 8601 writes it, in words; a digest in its own letters; anything else as it is."""
    if DIGEST.fullmatch(value):
        return format_html('<code class="digest">{}</code>', value)
    try:
        instant = parse_datetime(value) if "T" in value else None
        date = parse_date(value) if DAY.fullmatch(value) else None
    except ValueError:
        return value
    if instant is not None and timezone.is_aware(instant):
        return when(instant)
    return value if date is None else day(date)
