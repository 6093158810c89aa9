"""What people are told by mail about their posts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Role, User
from marketplace.accounts.selectors import members_with_role
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.rules import SIGNING_ROLES
from marketplace.contracts.selectors import Leaving
from marketplace.core.bulk import among
from marketplace.core.i18n import localized
from marketplace.core.mail import tell
from marketplace.core.words import letter_words

from .labels import REASONS
from .models import Assignment, AssignmentRun, without_documents
from .reasons_in_words import post_name
from .states import AssignmentState

#: in the language of the part of the letter in which they stand
_in_words = lazy(localized, str)
_at = lazy(letter_words, str)
_place = lazy(post_name, str)


def proposals_sent(run: AssignmentRun, respond_by: datetime) -> None:
    """One letter to each person whom ``run`` proposes for a post: silence would let the proposal lapse."""
    contract = run.contract
    people = run.assignments.filter(state=AssignmentState.PROPOSED).values("person_id")
    tell(
        User.objects.filter(pk__in=people, is_active=True).only("email").order_by("pk"),
        _("You are asked to serve: please answer by %(until)s"),
        _(
            "You were proposed under contract %(contract)s (%(title)s). See where, how far it is and why you were chosen, "
            "and accept or decline by %(until)s. Nobody is assigned against their will; without an answer the proposal lapses."
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


def post_left(post: Post, leaving: Leaving) -> None:
    """Tell the buyer's officers and the firm that an adviser gave a post up; or the adviser, and why, that it was taken away."""
    contract, on = post.contract, timezone.localdate(leaving.at)
    adviser = User.objects.filter(pk=leaving.person_id)
    said = {"contract": contract.number, "title": _in_words(contract, "title"), "place": _place(post)}
    if not leaving.by_himself:
        tell(
            adviser.filter(is_active=True),
            _("You no longer serve %(place)s"),
            _("Your post under contract %(contract)s (%(title)s), %(place)s, was made vacant. Reason: %(reason)s"),
            reverse("contracts:detail", args=[contract.pk]),
            reason=leaving.reason,
            **said,
        )
        return
    officers = members_with_role(contract.buyer, Role.OFFICER, on=on)
    firm = members_with_role(contract.supplier, *SIGNING_ROLES, on=on).exclude(pk=leaving.person_id)
    # What was said stays on the pages of who may read it.
    tell(
        [*officers, *firm],
        _("An adviser gave a post up: %(place)s"),
        _(
            "%(person)s no longer serves %(place)s under contract %(contract)s (%(title)s). The contract's staffing page says "
            "why; the post is vacant and somebody else can be asked."
        ),
        reverse("staffing:contract", args=[contract.pk]),
        person=_in_words(adviser.get(), "display_name"),
        **said,
    )


def _withdrawn(people: Iterable[User], contract: Contract, reason: Any, path: str) -> None:
    tell(
        people,
        _("A proposal to you was withdrawn"),
        _("You are no longer asked to serve under contract %(contract)s (%(title)s). Reason: %(reason)s"),
        path,
        contract=contract.number,
        title=_in_words(contract, "title"),
        reason=reason,
    )
