"""What this room's objects are called in the record."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from marketplace.accounts.visibility import people_names
from marketplace.audit.labels import register_names, register_subjects
from marketplace.contracts.models import Post
from marketplace.core.i18n import localized
from marketplace.core.words import day_words, hours_words, letter_words
from volunteers.models import Opportunity

from .models import Assignment, AssignmentRun, Deal, Duty, Roster, Scenario, Swap


def _place(post: Post) -> str:
    return localized(post.region, "name")


def _person(person: object) -> str:
    return localized(person, "display_name")


def _runs(keys: Iterable[int]) -> dict[int, str]:
    found = AssignmentRun.objects.filter(pk__in=list(keys)).select_related("contract")
    return {run.pk: f"{run.contract.number} · {_('Computation %(n)s') % {'n': run.pk}}" for run in found}


def _assignments(keys: Iterable[int]) -> dict[int, str]:
    found = Assignment.objects.filter(pk__in=list(keys)).select_related("person", "post__region")
    return {each.pk: f"{_person(each.person)} · {_place(each.post)}" for each in found}


def _scenarios(keys: Iterable[int]) -> dict[int, str]:
    found = Scenario.objects.filter(pk__in=list(keys)).only("pk", "name")
    return {scenario.pk: scenario.name for scenario in found}


def _roster(roster: Roster) -> str:
    return f"{roster.title} · {day_words(roster.starts_on)}"


def _rosters(keys: Iterable[int]) -> dict[int, str]:
    found = Roster.objects.filter(pk__in=list(keys)).select_related("contract", "opportunity")
    return {roster.pk: _roster(roster) for roster in found}


def _deals(keys: Iterable[int]) -> dict[int, str]:
    found = Deal.objects.filter(pk__in=list(keys)).select_related("roster__contract", "roster__opportunity")
    return {
        deal.pk: f"{_roster(deal.roster)} · {_('allocation of %(when)s') % {'when': letter_words(deal.requested_at)}}"
        for deal in found
    }


def _duty(duty: Duty) -> str:
    return _("shift of %(person)s, %(hours)s") % {
        "person": _person(duty.person),
        "hours": hours_words(duty.shift.starts_at, duty.shift.ends_at),
    }


def _duties(keys: Iterable[int]) -> dict[int, str]:
    found = Duty.objects.filter(pk__in=list(keys)).select_related("person", "shift")
    return {duty.pk: _duty(duty) for duty in found}


def _swaps(keys: Iterable[int]) -> dict[int, str]:
    found = Swap.objects.filter(pk__in=list(keys)).select_related("duty__person", "duty__shift", "colleague")
    return {swap.pk: f"{_duty(swap.duty)} → {_person(swap.colleague)}" for swap in found}


def _posts(keys: Iterable[int]) -> dict[int, str]:
    return {post.pk: _place(post) for post in Post.objects.filter(pk__in=list(keys)).select_related("region")}


def _calls(keys: Iterable[int]) -> dict[int, str]:
    return {
        call.pk: localized(call, "title")
        for call in Opportunity.objects.filter(pk__in=list(keys)).only("title", "title_en")
    }


def register() -> None:
    for kind, names in (
        ("assignmentrun", _runs),
        ("assignment", _assignments),
        ("scenario", _scenarios),
        ("roster", _rosters),
        ("deal", _deals),
        ("duty", _duties),
        ("swap", _swaps),
    ):
        register_subjects(f"staffing.{kind}", names)
    register_names("roster", _rosters)
    register_names("colleague", people_names)
    register_names("in_return", _duties)
    register_names("contract.call_volunteers.posts", _posts)
    register_names("contract.call_volunteers.opportunities", _calls)
