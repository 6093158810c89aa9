"""This room's acts in words, for the record."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.core.i18n import localized
from marketplace.core.words import day_words

from .models import ServiceSession

ACTIONS = {
    "session.check_in": _("checked in"),
    "session.check_out": _("checked out"),
    "session.report": _("reported service"),
    "session.confirm": _("confirmed the service"),
    "session.dispute": _("disputed the service"),
    "session.answer": _("answered what is said against the service"),
    "session.decide": _("decided the dispute"),
    "session.reject": _("did not accept the service"),
    "session.withdraw": _("withdrew the report"),
}

DATA = {
    "minutes": _("minutes"),
    "claimed": _("reported minutes"),
    "cut": _("cut at the longest time"),
}


def sessions(keys: Iterable[int]) -> dict[int, str]:
    found = ServiceSession.objects.filter(pk__in=list(keys)).select_related("person", "region")
    return {
        each.pk: " · ".join(
            (
                localized(each.person, "display_name"),
                localized(each.region, "name"),
                day_words(timezone.localdate(each.period.lower)),
            )
        )
        for each in found
    }
