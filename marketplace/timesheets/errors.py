"""Refusals about service time."""

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput


class Overlap(DomainError):
    code = "overlap"
    message = _(
        "You have already recorded service at this time (%(span)s, %(place)s). Change the times, or withdraw the other entry."
    )


class OverlapSettled(Overlap):
    """The other service is confirmed and stays."""

    message = _(
        "You have already recorded service at this time (%(span)s, %(place)s), and it is confirmed. Choose times that do not "
        "meet it."
    )


class AlreadyOpen(DomainError):
    code = "already_open"
    message = _("You are still checked in at %(place)s. Check out there first.")


class BadPeriod(InvalidInput):
    """Times that cannot be; what is wrong with them, the classes below say."""

    code = "bad_period"


class EndsBeforeStart(BadPeriod):
    message = _("The end must come after the beginning.")


class TooLong(BadPeriod):
    message = _("One visit lasts at most %(hours)s hours. Report two visits, each with its own times.")


class InFuture(BadPeriod):
    message = _("The end lies in the future: report the service when it is over, or check in when you arrive.")


class TooLate(BadPeriod):
    message = _("What ended more than %(days)s days ago is not recorded any more.")


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
    message = _("At most the %(claimed)s that were reported can count; 0 counts nothing.")
