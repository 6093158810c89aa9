"""What people on a roster are told by mail: what they could miss by not looking."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.core.i18n import localized
from marketplace.core.mail import tell
from marketplace.core.words import letter_words

from .models import Duty, Roster, Swap
from .states import words_of_reason

#: in the language of the part of the letter in which they stand
_in_words = lazy(localized, str)
_at = lazy(letter_words, str)


def opened(roster: Roster, people: Iterable[User]) -> None:
    tell(
        people,
        _("Which shifts can you take? %(title)s"),
        _(
            "A duty roster is open for offers. Say which shifts you can take; nobody is given a shift they did "
            "not offer to take."
        ),
        reverse("staffing:roster_offer", args=[roster.pk]),
        title=_in_words(roster.subject, "title"),
    )


def proposed(roster: Roster, people: Iterable[User], due: datetime) -> None:
    tell(
        people,
        _("Your shifts are proposed: %(title)s"),
        _("Shifts that you offered to take are proposed to you. Confirm or decline each by %(due)s."),
        reverse("staffing:duties"),
        title=_in_words(roster.subject, "title"),
        due=_at(due),
    )


def cancelled(roster: Roster, people: Iterable[User], reason: str) -> None:
    tell(
        people,
        _("The roster was cancelled: %(title)s"),
        _("Your coming shifts of this roster are off. Reason: %(reason)s"),
        reverse("staffing:duties"),
        title=_in_words(roster.subject, "title"),
        reason=words_of_reason(reason),
    )


def withdrawn(duty: Duty, reason: str) -> None:
    tell(
        [duty.person],
        _("One of your shifts was taken back: %(when)s"),
        _("The shift of %(when)s is not yours any more. Reason: %(reason)s"),
        reverse("staffing:duties"),
        when=_at(duty.shift.starts_at),
        reason=words_of_reason(reason),
    )


def swap_asked(swap: Swap) -> None:
    tell(
        [swap.colleague],
        _("A colleague asks you to take a shift: %(when)s"),
        _("%(person)s asks you to take the shift of %(when)s. You decide."),
        reverse("staffing:duties"),
        person=_in_words(swap.duty.person, "display_name"),
        when=_at(swap.duty.shift.starts_at),
    )


def swap_agreed(swap: Swap, giver: User) -> None:
    tell(
        [giver],
        _("Your colleague takes the shift: %(when)s"),
        _("%(person)s takes the shift of %(when)s over from you."),
        reverse("staffing:duties"),
        person=_in_words(swap.colleague, "display_name"),
        when=_at(swap.duty.shift.starts_at),
    )
