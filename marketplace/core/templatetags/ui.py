"""The words and components that every page shares. Load with ``{% load ui %}``; examples stand on /patterns/."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.loader import TemplateDoesNotExist, render_to_string
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from marketplace.core import clock, i18n, words
from marketplace.core.icons import ICONS
from marketplace.core.templatetags import ui_forms

register = template.Library()

# Words


@register.filter
def money(value: Any) -> str:
    """``{{ amount|money }}`` → ¥830,000"""
    return "" if value is None or value == "" else words.money_words(value)


@register.filter
def number(value: Any, digits: int = 0) -> str:
    """``{{ count|number }}`` → 3,912"""
    return "" if value is None or value == "" else words.number_words(value, digits)


@register.simple_tag
def gap() -> str:
    """``{% translate "One." %}{% gap %}{% translate "Two." %}``: a space, which Chinese does not write after its punctuation."""
    return words.gap_words()


@register.filter
def percent(value: Any, digits: int = 1) -> str:
    """``{{ 0.976|percent }}`` → 97.6%; what is there but too small to show is ``<0.1%``, not nothing."""
    if value is None or value == "":
        return ""
    share, least = Decimal(str(value)) * 100, Decimal(1).scaleb(-digits)
    if 0 < share < least / 2:
        return f"<{words.number_words(least, digits)}%"
    return f"{words.number_words(share, digits)}%"


@register.filter
def duration(minutes: Any) -> str:
    """``{{ 150|duration }}`` → 2 h 30 min"""
    return "" if minutes is None or minutes == "" else words.duration_words(int(minutes))


@register.filter
def when(instant: datetime | None) -> str:
    """An instant in words; the exact one, with its zone, is its title."""
    if not instant:
        return ""
    near = mark_safe(' class="near"') if words.is_near(instant) else ""
    return format_html(
        '<time{} datetime="{}" title="{}">{}</time>',
        near,
        timezone.localtime(instant).isoformat(timespec="seconds"),
        words.exact_words(instant),
        words.instant_words(instant),
    )


@register.filter
def hours(start: datetime | None, end: datetime) -> str:
    """``{{ shift.starts_at|hours:shift.ends_at }}`` → Fri 4 Dec 09:00 – 12:00: a time agreed or served, with its weekday."""
    if not start:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        timezone.localtime(start).isoformat(timespec="seconds"),
        words.exact_words(start),
        words.hours_words(start, end),
    )


@register.filter
def day(value: date | None) -> str:
    """A date in words; the year only where it is not this one."""
    if not value:
        return ""
    plain = timezone.localdate(value) if isinstance(value, datetime) else value
    return format_html('<time datetime="{}">{}</time>', plain.isoformat(), words.day_words(plain))


@register.filter
def in_full(value: date | None) -> str:
    """An instant or a day with its year and no word such as "today": for papers that stay as they are."""
    if not value:
        return ""
    if isinstance(value, datetime):
        at = timezone.localtime(value).isoformat(timespec="seconds")
        return format_html(
            '<time class="nowrap" datetime="{}" title="{}">{}</time>',
            at,
            words.exact_words(value),
            words.full_words(value),
        )
    day = words.full_day_words(value)
    return format_html('<time class="nowrap" datetime="{}">{}</time>', value.isoformat(), day)


@register.filter
def deadline(instant: datetime | None, kind: str = "") -> str:
    """The only way the site writes a deadline: the instant, and what is left of the time.

    ``{{ item.due_at|deadline:"owed" }}``: of what is not done yet, so that it says how late it is.
    """
    if not instant:
        return ""
    now = clock.now()
    left = instant - now
    late = kind == "owed" and left <= timedelta(0)
    tone = " late" if late else " past" if left <= timedelta(0) else " soon" if left < timedelta(days=1) else ""
    return format_html(
        '<time class="deadline{}" datetime="{}" title="{}">{}<span class="left">{}</span></time>',
        tone,
        timezone.localtime(instant).isoformat(timespec="seconds"),
        words.exact_words(instant),
        words.instant_words(instant, now=now),
        _(" (%(text)s)") % {"text": words.late_words(-left) if late else words.left_words(left)},
    )


@register.filter
def left(instant: datetime | None) -> str:
    """What is left until ``instant``, for a tag: ``6 days 4 hours left``."""
    return words.left_words(instant - clock.now()) if instant else ""


@register.filter
def localized(obj: Any, field: str) -> str:
    """``{{ product|localized:"title" }}``: the English twin on English pages, else the Chinese."""
    return i18n.localized(obj, field) if obj is not None and obj != "" else ""


# Small components


@register.simple_tag(name="icon")
def icon_tag(name: str, label: str = "") -> str:
    """``{% icon "clock" %}``; decoration unless it has a label."""
    named = format_html(' role="img" aria-label="{}"', label) if label else mark_safe(' aria-hidden="true"')
    drawing = mark_safe(ICONS[name])  # noqa: S308 (our own constant)
    return format_html('<svg class="icon" viewBox="0 0 24 24"{}>{}</svg>', named, drawing)


def _state_tag(obj: Any, field: str) -> str:
    if obj is None or obj == "":
        return ""
    tones = getattr(obj, f"{field.upper()}_TONES", {})
    tone = tones.get(getattr(obj, field), "")
    return format_html('<span class="tag {}">{}</span>', tone, getattr(obj, f"get_{field}_display")())


@register.simple_tag(name="state_tag")
def state_tag(obj: Any, field: str = "state") -> str:
    """``{% state_tag tender %}``: the state's word in its tone (``STATE_TONES`` of the model: go, wait, stop)."""
    return _state_tag(obj, field)


@register.filter(name="state_tag")
def state_tag_filter(obj: Any, field: str = "state") -> str:
    return _state_tag(obj, field)


@register.simple_tag
def tag(text: Any, tone: str = "") -> str:
    """``{% tag _("2 places left") "go" %}``"""
    return format_html('<span class="tag {}">{}</span>', tone, text)


@register.simple_tag
def fact(label: Any, value: Any) -> str:
    """One row of ``<dl class="facts">``; nothing where there is no value."""
    if value is None or value == "":
        return ""
    return format_html("<dt>{}</dt><dd>{}</dd>", label, value)


@register.simple_tag
def figure(value: Any, label: Any, unit: Any = "") -> str:
    """One figure of ``<div class="fig">``."""
    small = format_html("<small>{}</small>", unit) if unit else ""
    return format_html("<div><b>{}{}</b><span>{}</span></div>", value, small, label)


@register.simple_tag
def progress(value: Any, maximum: Any, label: Any, tone: str = "") -> str:
    """A bar whose meaning is its label."""
    return format_html(
        '<progress class="bar {}" value="{}" max="{}" aria-label="{}">{}</progress>', tone, value, maximum, label, label
    )


@register.simple_tag
def breadcrumbs(*parts: Any) -> str:
    """``{% breadcrumbs _("Notices") list_url tender.number %}``: pairs of label and address, the last has none."""
    pairs = [(parts[i], parts[i + 1] if i + 1 < len(parts) else "") for i in range(0, len(parts), 2)]
    items = format_html_join(
        "",
        "<li>{}</li>",
        (
            (
                format_html('<a href="{}">{}</a>', url, label)
                if url
                else format_html('<span aria-current="page">{}</span>', label),
            )
            for label, url in pairs
        ),
    )
    return format_html('<nav class="crumbs" aria-label="{}"><ol>{}</ol></nav>', _("You are here"), items)


@register.simple_tag
def empty_state(title: Any, text: Any = "", url: str = "", action: Any = "") -> str:
    """An empty list: what is not there, what to do next, and the way to it."""
    said = format_html("<p>{}</p>", text) if text else ""
    way = format_html('<a class="btn quiet" href="{}">{}</a>', url, action) if url else ""
    return format_html('<div class="empty"><b>{}</b>{}{}</div>', title, said, way)


# Outside of a loop only: inside, Django takes {% empty %} for the loop's own.
register.simple_tag(empty_state, name="empty")


@register.inclusion_tag("core/_tiles.html")
def tiles(groups: Any, label: Any) -> dict[str, Any]:
    """Villages as tiles. ``groups``: (tone, word, count) with tone ``""`` served, ``v`` volunteer, ``n`` missing."""
    groups = list(groups)
    total = sum(count for _tone, _word, count in groups)
    return {
        "groups": groups,
        "total": total,
        "fine": total > 400,
        "label": label,
        "cells": [(tone, word) for tone, word, count in groups for _index in range(count)],
    }


@register.inclusion_tag("core/_why.html")
def why(value: Any) -> dict[str, Any]:
    """The "why this date?" box of a statutory deadline."""
    return {"deadline": value}


@register.simple_tag(takes_context=True)
def request_key(context: Context) -> str:
    """A hidden key that makes a repeated submission answer with the first result; kept when a form comes back."""
    request = context.get("request")
    key = (request.POST.get("request_key") if request is not None else None) or uuid.uuid4().hex
    return format_html('<input type="hidden" name="request_key" value="{}">', key)


@register.inclusion_tag("core/_pager.html", takes_context=True)
def pager(context: Context, page: Page[Any], param: str = "page", anchor: str = "") -> dict[str, Any]:
    """Links between the pages of a list; every other part of the address is kept. ``anchor`` is where the list begins."""
    request = context.get("request")
    query = request.GET.copy() if request is not None else None
    place = f"#{anchor}" if anchor else ""

    def address(to: int) -> str:
        if query is None:
            return f"?{param}={to}{place}"
        query[param] = str(to)
        return f"?{query.urlencode()}{place}"

    links = [
        (n, address(n) if isinstance(n, int) else "")
        for n in page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    ]
    return {
        "page": page,
        "links": links,
        "previous": address(page.number - 1) if page.has_previous() else "",
        "next": address(page.number + 1) if page.has_next() else "",
    }


# Forms: see ui_forms

register.simple_tag(ui_forms.render_form)
register.simple_tag(ui_forms.render_field)

# The frame of a page


@register.simple_tag(takes_context=True)
def show_block(context: Context, name: str) -> SafeString:
    """The text of a page's block, so that a title can stand both in the head and over the page."""
    blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = blocks.get_block(name) if blocks is not None else None
    return mark_safe(block.render(context).strip() if block is not None else "")  # noqa: S308 (the template escaped it)


@register.simple_tag
def nav_url(name: str, fallback: str = "") -> str:
    """The address of a named view, or ``fallback`` while its room is not installed."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return fallback


@register.simple_tag(takes_context=True)
def nav_link(context: Context, url: str, label: Any, icon: str = "", also: str = "") -> str:
    """A link that knows whether the reader stands below it; ``also`` begins addresses that belong to it all the same."""
    path = getattr(context.get("request"), "path", "")
    here = (
        mark_safe(' aria-current="page"')
        if url == path or any(path.startswith(way) for way in (url, also) if way not in ("", "/"))
        else ""
    )
    picture = icon_tag(icon) if icon else ""
    return format_html('<a href="{}"{}>{}{}</a>', url, here, picture, label)


@register.simple_tag(takes_context=True)
def persona_bar(context: Context) -> str:
    """In demonstration mode, the bar that lets anybody act as any invented person."""
    if not settings.DEMO or context.get("request") is None:
        return ""
    try:
        return render_to_string("accounts/_persona_bar.html", request=context["request"])
    except TemplateDoesNotExist:
        return ""


@register.tag
def say(parser: Parser, token: Token) -> template.Node:
    """``{% say "warning" %}…{% endsay %}``: a message box in the page."""
    bits = token.split_contents()
    nodes = parser.parse(("endsay",))
    parser.delete_first_token()
    return _Say(nodes, parser.compile_filter(bits[1]) if len(bits) > 1 else None)


class _Say(template.Node):
    def __init__(self, nodes: template.NodeList, tone: Any) -> None:
        self.nodelist, self.tone = nodes, tone

    def render(self, context: Context) -> SafeString:
        tone = self.tone.resolve(context) if self.tone is not None else "info"
        return format_html(
            '<div class="msg {}">{}<div>{}</div></div>', tone, icon_tag(tone), self.nodelist.render(context)
        )
