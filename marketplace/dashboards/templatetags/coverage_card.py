"""A county's coverage as a card, for pages of other rooms: ``{% load coverage_card %}{% coverage_card county %}``."""

from __future__ import annotations

from typing import Any

from django import template

from marketplace.core import clock
from marketplace.dashboards.selectors import division
from marketplace.regions.models import Region

register = template.Library()


@register.inclusion_tag("dashboards/_card.html")
def coverage_card(county: Region) -> dict[str, Any]:
    return {"county": county, "division": division(county, clock.now())}
