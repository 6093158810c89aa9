"""Refusals about service time."""

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput


class Overlap(DomainError):
    code = "overlap"
    message = _(
        "You have already recorded service at this time (%(span)s, %(place)s). Change the times, or withdraw the other entry."
    )


class AlreadyOpen(DomainError):
    code = "already_open"
    message = _("You are still checked in at %(place)s. Check out there first.")


class BadPeriod(InvalidInput):
    code = "bad_period"
    message = _(
        "The end must come after the beginning, at most 16 hours later, and not in the future. What ended more than 90 days ago "
        "is not recorded any more."
    )


class NeverStarted(DomainError):
    code = "not_open"
    message = _("There is nothing to check out of: this visit has ended already.")


class NotYours(DomainError):
    code = "not_permitted"
    http_status = 403
    message = _("Only the person who served may do this.")


class NotTheHost(DomainError):
    code = "not_permitted"
    http_status = 403
    message = _("Only the village or organisation that was served confirms this. Ask its representative.")


class OwnService(DomainError):
    code = "own_service"
    http_status = 403
    message = _("Nobody confirms service that he or she gave. Another representative has to confirm it.")


class NoteNeeded(InvalidInput):
    code = "note_needed"
    message = _("Say in a few words what is wrong or why you decide so: the other side will read it.")


class MinutesOutOfRange(InvalidInput):
    code = "minutes_out_of_range"
    message = _("The minutes that count lie between 1 and the %(claimed)s minutes reported.")
