"""This room's acts in words, for the record."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from marketplace.core.i18n import localized

from .models import Region

ACTIONS = {
    "region.correct_location": _("corrected the position"),
    "region.set_tier": _("set the development tier"),
}

DATA = {
    "travel_kmh": _("speed on the road (km/h)"),
}


def region_names(codes: Iterable[int]) -> dict[int, str]:
    return {region.code: localized(region, "name") for region in Region.objects.filter(pk__in=list(codes))}
