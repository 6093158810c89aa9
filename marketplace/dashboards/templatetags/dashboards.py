"""Words of this room's pages."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from marketplace.accounts.models import Specialty, SpokenLanguage
from marketplace.core.templatetags.ui import duration
from marketplace.regions.models import Region

register = template.Library()

_CHOICES = {"specialty": dict(Specialty.choices), "language": dict(SpokenLanguage.choices)}


@register.filter
def choice_words(values: Iterable[str], kind: str) -> str:
    """A list of codes in words; ``kind`` is ``specialty`` or ``language``."""
    return _(", ").join(str(_CHOICES[kind].get(value, value)) for value in values)


@register.filter
def whole_hours(minutes: int) -> str:
    """A total in words; past a hundred hours the minutes are left out."""
    return duration(minutes - minutes % 60 if minutes >= 6000 else minutes)


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
