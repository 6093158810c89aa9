"""Proposals: sent when a run is published, answered by the people they name, ended when time or post is gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from marketplace.accounts.models import User
from marketplace.accounts.selectors import licensed, practitioners_of
from marketplace.contracts import services as contracts
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.states import ContractState, PostState
from marketplace.core import clock
from marketplace.core.bulk import among
from marketplace.core.locks import lock_name, lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition, apply_transitions
from marketplace.core.words import instant_words
from marketplace.statutes.deadlines import CHINA, END_OF_DAY, add_working_days
from marketplace.statutes.selectors import TableCalendar

from . import errors, letters, rules
from .freezing import LIVE
from .models import MOST_ROUNDS_BY_THEMSELVES, Assignment, AssignmentRun
from .states import ASSIGNMENT, RUN, AssignmentState, RunShape
from .teams import sending

#: working days that a person has to answer a proposal
ANSWER_WORKING_DAYS = 3


# Sending


@transaction.atomic
def publish_run(*, actor: User, run: AssignmentRun, now: datetime, rounds: int = 0) -> AssignmentRun:
    """Send the proposals: each person is asked, and answers within three working days.

    What changed since the computation is respected: a post that was filled meanwhile, or a person who may no longer serve or no
    longer wants to be asked, is left out with the reason on record. ``rounds``: so many repairs follow by themselves, each
    when all answers to the one before are in (see ``services_repair``); only the buyer's officer decides that.

    Raises:
        PermissionRefused, NotActive, IllegalTransition, BadWish
    """
    run = lock_row(AssignmentRun, run.pk)
    require(rules.can_staff, actor, run.contract)
    if not 0 <= rounds <= MOST_ROUNDS_BY_THEMSELVES:
        raise errors.BadWish(field="rounds")
    if rounds:
        require(rules.can_automate, actor, run.contract)
    return send_proposals(run, actor=actor, now=now, rounds=rounds, decided_by=actor if rounds else None)


def send_proposals(
    run: AssignmentRun, *, actor: User | None, now: datetime, rounds: int, decided_by: User | None
) -> AssignmentRun:
    """Publish a run whose lock the caller's transaction holds."""
    contract = run.contract
    if contract.state != ContractState.ACTIVE:
        raise errors.NotActive
    respond_by = answer_deadline(now)
    proposed = list(run.assignments.order_by("pk").values_list("pk", "post_id", "person_id"))
    if run.shape == RunShape.TEAM:
        sending.lock_people(person for _pk, _post, person in proposed)
    own = Post.objects.filter(pk__in=run.assignments.values("post_id")).order_by("pk")
    vacant = {post.pk for post in own.select_for_update().only("state") if post.state == PostState.VACANT}
    live = Assignment.objects.filter(state__in=LIVE, post_id__in=run.assignments.values("post_id"))
    taken = set(live.values_list("post_id", flat=True))
    able = _still_able(run, now)
    gone = [pk for pk, post, _person in proposed if post not in vacant or post in taken]
    unavailable = [pk for pk, post, person in proposed if post in vacant and post not in taken and person not in able]
    obstacles = [(gone, "post_taken"), (unavailable, "person_unavailable")]
    if run.shape == RunShape.TEAM:
        left_out = {*gone, *unavailable}
        seats = [(pk, person) for pk, _post, person in proposed if pk not in left_out]
        obstacles += sending.obstacles(contract, seats, on=now.astimezone(CHINA).date())
    for keys, obstacle in obstacles:
        rows = run.assignments.filter(pk__in=among(keys))
        apply_transitions(ASSIGNMENT, rows, "withdraw", actor=actor, now=now, reason=obstacle)
    rows = run.assignments.filter(state=AssignmentState.COMPUTED)
    asked = apply_transitions(ASSIGNMENT, rows, "propose", actor=actor, now=now, changes={"respond_by": respond_by})
    sent = len(asked)
    letters.proposals_sent(run, respond_by)
    # With nobody asked, the next round would find the same: there is nothing to wait for.
    rounds = rounds if sent else 0
    apply_transition(
        RUN,
        run,
        "publish",
        actor=actor,
        now=now,
        changes={"rounds_left": rounds, "automated_by": decided_by if rounds else None},
        data={
            "proposed": sent,
            "withdrawn": len(proposed) - sent,
            "respond_by": respond_by.isoformat(),
            **({"rounds": rounds} if rounds else {}),
        },
    )
    return run


def answer_deadline(now: datetime) -> datetime:
    """24:00 of the third working day after today."""
    last = add_working_days(now.astimezone(CHINA).date(), ANSWER_WORKING_DAYS, TableCalendar()).end
    return datetime.combine(last, END_OF_DAY, CHINA)


def _still_able(run: AssignmentRun, now: datetime) -> set[int]:
    on = now.astimezone(CHINA).date()
    willing = practitioners_of(run.contract.supplier, on).filter(
        pk__in=run.assignments.values("person_id"), practitioner__open_to_posts=True
    )
    return set(licensed(willing, on, run.parameters["credentials"]).order_by().values_list("pk", flat=True))


# Answers


@transaction.atomic
def accept_assignment(*, actor: User, assignment: Assignment, now: datetime) -> Assignment:
    """Take the post, if the database's clock is not past the deadline.

    Raises:
        NotYours, AnswerTooLate, StaleState, MayNotSitTogether, and what ``contracts.services.fill_post`` refuses
    """
    assignment = _take(actor, assignment)
    if assignment.team_id is not None:
        sending.check_seat(actor, assignment)
    contracts.fill_post(actor=actor, post=assignment.post, adviser=actor, now=now)
    apply_transition(ASSIGNMENT, assignment, "accept", actor=actor, now=now, changes={"answered_at": now})
    return assignment


@transaction.atomic
def decline_assignment(*, actor: User, assignment: Assignment, reason: str, now: datetime) -> Assignment:
    """Say no, and why. The post is computed anew with the next run, without asking this person for it again."""
    if not reason.strip():
        raise errors.ReasonMissing(field="reason")
    assignment = _take(actor, assignment)
    apply_transition(
        ASSIGNMENT,
        assignment,
        "decline",
        actor=actor,
        now=now,
        reason=reason.strip(),
        changes={"answered_at": now, "answer_note": reason.strip()},
    )
    return assignment


def _take(actor: User, assignment: Assignment) -> Assignment:
    """Lock the proposal (after adviser and post, as ``fill_post`` does) and check that ``actor`` may answer it now."""
    lock_name(f"adviser:{actor.pk}")
    lock_row(Post, assignment.post_id)
    assignment = lock_row(Assignment, assignment.pk)
    if not rules.can_answer(actor, assignment):
        raise errors.NotYours
    if assignment.state == AssignmentState.EXPIRED or (
        assignment.state == AssignmentState.PROPOSED
        and assignment.respond_by is not None
        and clock.database_now() > assignment.respond_by
    ):
        raise errors.AnswerTooLate(until=instant_words(assignment.respond_by) if assignment.respond_by else "")
    return assignment


@transaction.atomic
def withdraw_assignment(*, actor: User, assignment: Assignment, reason: str, now: datetime) -> Assignment:
    """Take a proposal back before it is answered, and tell the person why."""
    if not reason.strip():
        raise errors.ReasonMissing(field="reason")
    assignment = lock_row(Assignment, assignment.pk)
    require(rules.can_staff, actor, assignment.run.contract)
    asked = assignment.state == AssignmentState.PROPOSED
    changes = {"answer_note": reason.strip()}
    apply_transition(ASSIGNMENT, assignment, "withdraw", actor=actor, now=now, reason=reason.strip(), changes=changes)
    if asked:
        letters.proposal_withdrawn(assignment, reason.strip())
    return assignment


@transaction.atomic
def expire_overdue(*, now: datetime) -> int:
    """End the proposals whose time ran out; gives how many. Rows that somebody is answering now are left to them."""
    overdue = Assignment.objects.filter(state=AssignmentState.PROPOSED, respond_by__lt=clock.database_now())
    return len(apply_transitions(ASSIGNMENT, overdue, "expire", actor=None, now=now, skip_locked=True))


def settle_contract(contract: Contract, *, actor: User | None, now: datetime) -> None:
    """Assignments of the contract follow their posts before a problem is frozen."""
    _settle(Assignment.objects.filter(run__contract=contract), actor=actor, now=now)


@transaction.atomic
def settle(*, now: datetime, post_ids: Sequence[int] | None = None) -> int:
    """Let assignments follow their posts: end what is no longer served by its person, withdraw what is taken."""
    rows = Assignment.objects.all()
    return _settle(rows if post_ids is None else rows.filter(post__in=post_ids), actor=None, now=now)


def _settle(rows: Any, *, actor: User | None, now: datetime) -> int:
    left = Q(state=AssignmentState.ACCEPTED) & (~Q(post__state=PostState.FILLED) | ~Q(post__adviser=F("person")))
    changed = len(apply_transitions(ASSIGNMENT, rows.filter(left), "end", actor=actor, now=now, reason="post_left"))
    for state, reason in ((PostState.FILLED, "post_taken"), (PostState.CLOSED, "contract_ended")):
        asked = rows.filter(state=AssignmentState.PROPOSED, post__state=state)
        withdrawn = apply_transitions(ASSIGNMENT, asked, "withdraw", actor=actor, now=now, reason=reason)
        letters.proposals_over(withdrawn, reason)
        changed += len(withdrawn)
    return changed
