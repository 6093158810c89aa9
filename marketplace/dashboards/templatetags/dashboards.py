"""Words of this room's pages."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from marketplace.accounts.models import Specialty, SpokenLanguage
from marketplace.regions.models import Region

register = template.Library()

_CHOICES = {"specialty": dict(Specialty.choices), "language": dict(SpokenLanguage.choices)}


@register.filter
def choice_words(values: Iterable[str], kind: str) -> str:
    """A list of codes in words; ``kind`` is ``specialty`` or ``language``."""
    return _(", ").join(str(_CHOICES[kind].get(value, value)) for value in values)


@register.filter
def figure_hours(minutes: int) -> tuple[str, str]:
    """A total as figure and unit, so that each has its own size: minutes, hours with a tenth, from 100 on whole hours."""
    if minutes < 60:
        return str(minutes), _("min")
    tenths = minutes * 10 // 60
    return f"{tenths // 10:,}" + (f".{tenths % 10}" if tenths % 10 and tenths < 1000 else ""), _("h")


@register.filter
def place_words(region: Region) -> str:
    """Longitude and latitude, and whether they are only estimated."""
    text = f"{region.longitude:.3f}°E, {region.latitude:.3f}°N"
    return _("%(place)s (estimated)") % {"place": text} if region.place_is_estimated else text


#: A grade is a name, not a count: Chinese writes it with the numeral in words.
_STARS = (_lazy("one star"), _lazy("two stars"), _lazy("three stars"), _lazy("four stars"), _lazy("five stars"))


@register.filter
def star_words(level: int) -> str:
    if 0 < level <= len(_STARS):
        return str(_STARS[level - 1])
    return ngettext("%(n)s star", "%(n)s stars", level) % {"n": level}
