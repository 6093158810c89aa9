"""``{% load accounts %}``"""

from __future__ import annotations

from typing import Any

from django import template

from marketplace.accounts import identifiers, personas

register = template.Library()


@register.simple_tag
def persona_groups() -> list[tuple[Any, list[personas.Persona]]]:
    return personas.grouped()


@register.filter
def masked_id(number: str) -> str:
    return identifiers.mask_resident_id(number)


@register.filter
def masked_phone(number: str) -> str:
    return identifiers.mask_phone(number)
