"""What volunteers are told by mail: what they could miss by not looking."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Organisation, User
from marketplace.core.i18n import localized
from marketplace.core.mail import tell
from marketplace.core.words import letter_words

from .errors import TooManyMissed
from .models import Opportunity, SignUp
from .words import meeting_words

#: in the language of the part of the letter in which they stand
_in_words = lazy(localized, str)
_at = lazy(letter_words, str)
_meeting = lazy(meeting_words, str)


def place_offered(sign_up: SignUp) -> None:
    """A place came free for who waited longest; the offer runs out."""
    assert sign_up.offer_until is not None  # noqa: S101  (the database demands it of an offer)
    opportunity = sign_up.shift.opportunity
    tell(
        [sign_up.volunteer],
        _("A place has come free: %(call)s"),
        _(
            "You were on the waiting list of “%(call)s” (%(place)s, %(begins)s). A place is yours if you take it "
            "by %(until)s; after that it goes to the next person. %(meeting)s"
        ),
        reverse("volunteers:mine"),
        call=_in_words(opportunity, "title"),
        place=_in_words(opportunity.region, "name"),
        begins=_at(sign_up.shift.starts_at),
        until=_at(sign_up.offer_until),
        meeting=_meeting(opportunity),
    )


def meeting_said(opportunity: Opportunity, people: Iterable[User]) -> None:
    """Where to meet or whom to call has changed: nobody shall wait at the wrong door."""
    tell(
        people,
        _("Where to meet: %(call)s"),
        _("For \u201c%(call)s\u201d in %(place)s this holds now. %(meeting)s"),
        reverse("volunteers:opportunity", args=[opportunity.pk]),
        call=_in_words(opportunity, "title"),
        place=_in_words(opportunity.region, "name"),
        meeting=_meeting(opportunity),
    )


def called_off(opportunity: Opportunity, sign_ups: Iterable[SignUp], reason: str) -> None:
    """Whoever had a place, was offered one or waited: nobody shall travel for nothing."""
    tell(
        [sign_up.volunteer for sign_up in sign_ups],
        _("Called off: %(call)s"),
        _(
            "\u201c%(call)s\u201d in %(place)s does not take place. The organiser says: %(reason)s Your place or your turn in "
            "the waiting list ended with it, and does not count as missed."
        ),
        reverse("volunteers:opportunity", args=[opportunity.pk]),
        call=_in_words(opportunity, "title"),
        place=_in_words(opportunity.region, "name"),
        reason=_sentence(reason),
    )


def barred(person: User, refusal: TooManyMissed) -> None:
    """Too many shifts were missed: who reads it in time can talk before the next place is wanted."""
    tell(
        [person],
        _("You missed several shifts and cannot sign up now"),
        _(
            "%(times)s shifts that you had taken are recorded as missed within a year. Places that you have stay yours, but "
            "you cannot sign up for others until the coordinator of %(organiser)s lets you. If one of the records is wrong, "
            "say so there."
        ),
        reverse("volunteers:mine"),
        times=refusal.params["times"],
        organiser=_in_words(refusal.organiser, "name"),
    )


def readmitted(person: User, organisation: Organisation, reason: str) -> None:
    """The talk was held: the volunteer is asked again."""
    tell(
        [person],
        _("You can sign up for shifts again"),
        _(
            "%(organisation)s has let you sign up again: %(reason)s What you missed before does not count any more. Please "
            "cancel in time what you cannot come to."
        ),
        reverse("volunteers:find"),
        organisation=_in_words(organisation, "name"),
        reason=_sentence(reason),
    )


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text[-1:] in set(".!?\u3002\uff01\uff1f") else f"{text}\u3002" if not text.isascii() else f"{text}."
