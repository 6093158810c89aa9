"""``{% load audit %}``: the way from an object to its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.db import models
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from marketplace.audit import labels, selectors
from marketplace.audit.models import Event
from marketplace.core.templatetags.ui import icon_tag

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
            (label, " → ".join(word or _words(side) for word, side in zip(words, (before, after), strict=True)))
        )
    for key, value in sorted(data.items()):
        name = names.get((key, value)) if names and isinstance(value, int) else None
        said = name or labels.value_label(event.subject_type, key, value) or _words(value)
        pairs.append((labels.data_label(key), said))
    return pairs


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value) or "–"
    if isinstance(value, dict):
        return "; ".join(f"{labels.data_label(key)}: {_words(item)}" for key, item in sorted(value.items())) or "–"
    return str(value)
