from __future__ import annotations

from typing import Any

from django import template

from marketplace.core.i18n import localized
from marketplace.regions.models import Region

register = template.Library()


@register.filter
def township(towns: dict[int, Region], code: int) -> str:
    """``{{ towns|township:post.region_id }}``: the name of the township of a village (``selectors.region_names``)."""
    found = towns.get(code)
    return localized(found, "name") if found is not None else ""


@register.filter
def item(lines: dict[int, Any], key: int) -> Any:
    """``{{ becauses|item:a.pk }}``: what stands there under a key."""
    return lines.get(key, "")
