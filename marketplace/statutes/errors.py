from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput


class UnknownDay(DomainError):
    code = "day_not_in_calendar"
    message = _(
        "The working-day calendar does not reach %(date)s. Ask the staff to extend it (manage.py load_calendar); "
        "nothing is guessed."
    )


class UnknownRule(DomainError):
    code = "no_such_rule"
    message = _(
        "No value of the rule “%(key)s” is valid on %(date)s. Check the date, or ask the staff to enter the rule."
    )


class NotADeadline(DomainError):
    code = "not_a_deadline"
    message = _("The rule “%(key)s” is not a number of days. Choose a rule that is counted in days.")


class YearIncomplete(InvalidInput):
    code = "year_incomplete"
    message = _("The year %(year)s lacks %(missing)s of its days. Load the calendar first, then announce the year.")


class OverlappingParameter(InvalidInput):
    code = "overlapping_parameter"
    message = _("Another value of this rule is valid at that time for that place. End that one first.")


class OutsideArea(InvalidInput):
    code = "outside_area"
    message = _(
        "You enter values for places in your own region. Values for the whole country are entered by the site's staff."
    )
