from __future__ import annotations

from django import template

from marketplace.core.i18n import localized
from marketplace.regions.models import Region

register = template.Library()


@register.filter
def township(towns: dict[int, Region], code: int) -> str:
    """``{{ towns|township:post.region_id }}``: the name of the township of a village (``selectors.region_names``)."""
    found = towns.get(code)
    return localized(found, "name") if found is not None else ""
