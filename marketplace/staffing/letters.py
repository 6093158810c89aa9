"""What people are told by mail about their posts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.contracts.models import Contract
from marketplace.core.bulk import among
from marketplace.core.i18n import localized
from marketplace.core.mail import tell
from marketplace.core.words import letter_words

from .labels import REASONS
from .models import Assignment, AssignmentRun, without_documents
from .states import AssignmentState

#: in the language of the part of the letter in which they stand
_in_words = lazy(localized, str)
_at = lazy(letter_words, str)


def proposals_sent(run: AssignmentRun, respond_by: datetime) -> None:
    """One letter to each person whom ``run`` proposes for a post: silence would let the proposal lapse."""
    contract = run.contract
    people = run.assignments.filter(state=AssignmentState.PROPOSED).values("person_id")
    tell(
        User.objects.filter(pk__in=people, is_active=True).only("email").order_by("pk"),
        _("You are asked to serve: please answer by %(until)s"),
        _(
            "You were proposed under contract %(contract)s (%(title)s). See where, how far it is and why you were chosen, "
            "and accept or decline by %(until)s. Nobody is assigned by force; without an answer the proposal lapses."
        ),
        reverse("staffing:proposals"),
        contract=contract.number,
        title=_in_words(contract, "title"),
        until=_at(respond_by),
    )


def proposal_withdrawn(assignment: Assignment, reason: str) -> None:
    """Who was asked learns that there is nothing left to answer, and why."""
    _withdrawn(
        [assignment.person], assignment.run.contract, reason, reverse("staffing:assignment", args=[assignment.pk])
    )


def proposals_over(keys: Sequence[int], reason: str) -> None:
    """The same for the assignments of ``keys``, which ended for a ``reason`` of the rules: one letter a person and contract."""
    asked = Assignment.objects.filter(pk__in=among(keys)) if keys else Assignment.objects.none()
    people: dict[Contract, dict[int, User]] = {}
    for each in asked.select_related("person", "run__contract").defer("reason", *without_documents("run")):
        people.setdefault(each.run.contract, {})[each.person_id] = each.person
    for contract, those in people.items():
        _withdrawn(those.values(), contract, REASONS[reason], reverse("staffing:proposals"))


def _withdrawn(people: Iterable[User], contract: Contract, reason: Any, path: str) -> None:
    tell(
        people,
        _("A proposal to you was taken back"),
        _("You are no longer asked to serve under contract %(contract)s (%(title)s). Reason: %(reason)s"),
        path,
        contract=contract.number,
        title=_in_words(contract, "title"),
        reason=reason,
    )
