"""This room's acts in words, for the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

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
