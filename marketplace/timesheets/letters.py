"""What people are told by mail about the service they reported."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace.core.i18n import localized
from marketplace.core.mail import tell
from marketplace.core.words import duration_words, letter_words

from .models import ServiceSession

#: in the language of the part of the letter in which they stand
_in_words = lazy(localized, str)
_at = lazy(letter_words, str)
_duration = lazy(duration_words, str)


def questioned(session: ServiceSession, note: str) -> None:
    """The host does not confirm it; whoever reported it hears why before somebody decides."""
    tell(
        [session.person],
        _("Your service in %(place)s is questioned"),
        _(
            "%(host)s does not confirm your service in %(place)s (%(begins)s) as you reported it. A supervisor who belongs to "
            "neither side decides. If the report was right, answer; if it was wrong, withdraw it and report again. What is said "
            "against it: %(note)s"
        ),
        reverse("timesheets:detail", args=[session.pk]),
        host=_in_words(session.host, "name"),
        note=note,
        **_which(session),
    )


def decided(session: ServiceSession, minutes: int, reason: str) -> None:
    """``minutes`` of those that were claimed count; 0: none."""
    tell(
        [session.person],
        _("Decided: your service in %(place)s"),
        _(
            "A supervisor decided on your service in %(place)s (%(begins)s): of %(claimed)s reported, %(counted)s count. "
            "Reasons: %(reason)s"
        ),
        reverse("timesheets:detail", args=[session.pk]),
        claimed=_duration(session.claimed_minutes),
        counted=_duration(minutes),
        reason=reason,
        **_which(session),
    )


def _which(session: ServiceSession) -> dict[str, Any]:
    return {"place": _in_words(session.region, "name"), "begins": _at(session.period.lower)}
