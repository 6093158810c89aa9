"""``{% load audit %}``: the way from an object to its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.db import models
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _

from marketplace.audit import labels, selectors
from marketplace.audit.models import Event
from marketplace.core.templatetags.ui import icon_tag
from marketplace.core.words import instant_words

register = template.Library()


@register.simple_tag(takes_context=True)
def trail_link(context: Context, obj: models.Model, text: Any = "") -> str:
    """``{% trail_link tender %}``: a link to the object's record, for who may read it; else nothing."""
    user = getattr(context.get("request"), "user", None)
    kind = obj._meta.label_lower
    if user is None or not selectors.readable_trail(user, kind, obj.pk).exists():
        return ""
    url = reverse("audit:trail", args=[kind, obj.pk])
    return format_html(
        '<a class="trail-link" href="{}">{}{}</a>', url, icon_tag("seal"), text or _("What happened, and who did it")
    )


@register.filter
def act(event: Event) -> str:
    """``{{ event|act }}``: what was done, in words."""
    return labels.action_label(event.action)


@register.filter
def because(event: Event) -> str:
    return labels.reason_label(event.reason)


@register.filter
def kind_of_object(event: Event) -> str:
    return labels.subject_label(event.subject_type)


@register.filter
def act_data(event: Event, names: Mapping[tuple[str, int], str] | None = None) -> list[tuple[str, str]]:
    """(label, value) of what the event keeps besides; the change of state first. ``names``: see ``labels.names_of``."""
    data = dict(event.data)
    pairs: list[tuple[str, str]] = []
    before, after = data.pop("from", None), data.pop("to", None)
    if before is not None and after is not None and before != after:
        words = [labels.value_label(event.subject_type, "state", side) for side in (before, after)]
        label = _("State") if all(words) else _("What changed")
        pairs.append(
            (label, " → ".join(word or _words(side, {}) for word, side in zip(words, (before, after), strict=True)))
        )
    names = names or {}
    for key, value in sorted(data.items()):
        said = _named(key, value, names) or labels.value_label(event.subject_type, key, value) or _words(value, names)
        pairs.append((labels.data_label(key), said))
    return pairs


def _named(key: str, value: Any, names: Mapping[tuple[str, int], str]) -> str | None:
    """The names of the numbers, if each of them has one."""
    found = [
        names.get((key, n)) if isinstance(n, int) else None for n in (value if isinstance(value, list) else [value])
    ]
    return _(", ").join(filter(None, found)) if found and all(found) else None


def _words(value: Any, names: Mapping[tuple[str, int], str]) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None:
        return "–"
    if isinstance(value, list):
        # The rows of a table stand one below the other.
        between = "\n" if any(isinstance(item, dict) for item in value) else _(", ")
        return between.join(_words(item, names) for item in value) or "–"
    if isinstance(value, dict):
        cells = (
            f"{labels.data_label(key)}: {_named(key, item, names) or _words(item, names)}"
            for key, item in sorted(value.items())
        )
        return "; ".join(cells) or "–"
    return _instant(value) or str(value) if isinstance(value, str) else str(value)


def _instant(value: str) -> str | None:
    """An instant as ISO 8601 writes it, in words; anything else is None."""
    try:
        instant = parse_datetime(value) if "T" in value else None
    except ValueError:
        return None
    return instant_words(instant) if instant is not None and timezone.is_aware(instant) else None
