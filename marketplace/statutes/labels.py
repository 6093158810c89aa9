"""This room's acts in words, for the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    "calendar_day.edit": _("corrected a day of the calendar"),
    "calendar_year.announce": _("entered the holidays that were announced"),
    "statutory_parameter.set": _("entered a legal limit"),
    "statutory_parameter.check": _("checked a value against its instrument"),
}

DATA = {
    "rule": _("rule"),
    "value": _("value"),
    "unit": _("unit"),
    "ended": _("earlier values ended"),
    "region": _("region"),
    "days_off": _("days off"),
    "worked": _("weekend days that are worked"),
}
