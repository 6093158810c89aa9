"""``{% load accounts %}``"""

from __future__ import annotations

from datetime import date
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html

from marketplace.accounts import identifiers, personas
from marketplace.accounts.models import Organisation, Sanction
from marketplace.accounts.states import SanctionStanding
from marketplace.core.i18n import localized
from marketplace.core.templatetags.ui import tag

register = template.Library()


@register.simple_tag
def persona_groups() -> list[tuple[Any, list[personas.Persona]]]:
    return personas.grouped()


@register.filter
def organisation_link(organisation: Organisation) -> str:
    """The organisation's name, leading to its public page."""
    url = reverse("accounts:organisation", args=[organisation.pk])
    return format_html('<a href="{}">{}</a>', url, localized(organisation, "name"))


_STANDING_TONES = {SanctionStanding.COMING: "wait", SanctionStanding.IN_FORCE: "stop"}


@register.simple_tag
def standing_tag(sanction: Sanction, today: date) -> str:
    """Where an exclusion stands today, as a tag."""
    standing = sanction.standing_on(today)
    return tag(standing.label, _STANDING_TONES.get(standing, "plain"))


@register.filter
def masked_id(number: str) -> str:
    return identifiers.mask_resident_id(number)


@register.filter
def masked_phone(number: str) -> str:
    return identifiers.mask_phone(number)
