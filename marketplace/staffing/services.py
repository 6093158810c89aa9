"""Runs and what comes of them: request, compute, publish, answer, call volunteers."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import DatabaseError, transaction

from marketplace.accounts.models import Organisation, OrganisationKind, User
from marketplace.accounts.selectors import licensed, practitioners_of
from marketplace.audit.services import record
from marketplace.contracts import services as contracts
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.states import ContractState, PostState
from marketplace.core import clock
from marketplace.core.locks import lock_name, lock_row, lock_rows
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.core.words import instant_words
from marketplace.matching.problem import from_document
from marketplace.statutes.deadlines import CHINA, END_OF_DAY, add_working_days
from marketplace.statutes.selectors import TableCalendar
from volunteers.models import Opportunity, OpportunityKind
from volunteers.services import NewShift, create_opportunity, open_opportunity
from volunteers.states import OpportunityState

from . import errors, rules
from .computing import Computed, compute
from .freezing import LIVE, Wishes, freeze, open_posts
from .models import Assignment, AssignmentRun
from .states import ASSIGNMENT, RUN, AssignmentState, RunState

logger = logging.getLogger(__name__)

#: working days that a person has to answer a proposal
ANSWER_WORKING_DAYS = 3
#: starts after which a run that never ends is given up
MOST_ATTEMPTS = 4


# Runs


@transaction.atomic
def request_run(
    *, actor: User, contract: Contract, now: datetime, parameters: Mapping[str, Any] | None = None
) -> AssignmentRun:
    """Freeze the problem of a contract's vacant posts and queue its computation.

    ``parameters``: what ``freezing.Wishes`` knows. After refusals this is the repair: who accepted keeps the post, who
    declined one is not asked for it again. A computed run that was not published is superseded.

    Raises:
        PermissionRefused, NotActive, RunUnderWay, NothingVacant, PlaceUnknown, BadWish
    """
    wishes = Wishes.from_mapping(parameters or {})
    contract = lock_row(Contract, contract.pk)
    require(rules.can_staff, actor, contract)
    if contract.state != ContractState.ACTIVE:
        raise errors.NotActive
    if contract.runs.filter(state__in=[RunState.QUEUED, RunState.RUNNING]).exists():
        raise errors.RunUnderWay
    _settle(Assignment.objects.filter(run__contract=contract), actor=actor, now=now)
    frozen = freeze(contract, wishes, now=now)
    if not len(frozen.problem.posts):
        raise errors.NothingVacant
    for stale in contract.runs.filter(state=RunState.DONE).order_by("pk"):
        apply_transition(RUN, stale, "cancel", actor=actor, now=now, data={"superseded": True})
    run = AssignmentRun.objects.create(
        contract=contract,
        parameters=frozen.parameters,
        problem=frozen.problem.document(),
        digest=frozen.problem.digest(),
        requested_by=actor,
        requested_at=now,
    )
    record(
        actor=actor,
        action="run.request",
        subject=run,
        now=now,
        data={"digest": run.digest, "posts": len(frozen.problem.posts), "people": len(frozen.problem.people)},
    )
    transaction.on_commit(partial(ask_for_run, run.pk))
    return run


def ask_for_run(run_id: int) -> None:
    """Hand the run to a worker. A queue that cannot be reached is no harm: the sweep asks again."""
    # The tasks import this module.
    from .tasks import execute

    try:
        execute.delay(run_id)
    except OSError:
        logger.warning("run %s could not be queued; the sweep will", run_id)


def execute_run(*, run_id: int, now: datetime) -> AssignmentRun:
    """Compute a run and store its answer. Repeating it, or running it twice at once, gives the same rows once.

    A run that is done, failed or cancelled is left as it is. A worker that dies leaves the run ``running``: the sweep starts it
    again, at most ``MOST_ATTEMPTS`` times.
    """
    run = _start(run_id, now)
    if run.state != RunState.RUNNING:
        return run
    try:
        computed = compute(from_document(run.problem), report=partial(_progress, run_id))
        return _store(run_id, computed, now)
    except DatabaseError:
        # Not the problem's fault: the next attempt may succeed.
        raise
    except Exception as error:
        logger.exception("run %s failed", run_id)
        return _fail(run_id, f"{type(error).__name__}: {error}", now)


@transaction.atomic
def _start(run_id: int, now: datetime) -> AssignmentRun:
    run = lock_row(AssignmentRun, run_id)
    if run.state not in (RunState.QUEUED, RunState.RUNNING):
        return run
    if run.attempts >= MOST_ATTEMPTS:
        return _fail(run_id, f"given up after {run.attempts} starts", now)
    apply_transition(
        RUN,
        run,
        "start",
        actor=None,
        now=now,
        changes={"attempts": run.attempts + 1, "started_at": now, "progress": 0},
        data={"attempt": run.attempts + 1},
    )
    return run


def _progress(run_id: int, percent: int) -> None:
    """Never backward: two workers may be at it."""
    AssignmentRun.objects.filter(pk=run_id, state=RunState.RUNNING, progress__lt=percent).update(progress=percent)


@transaction.atomic
def _store(run_id: int, computed: Computed, now: datetime) -> AssignmentRun:
    run = lock_row(AssignmentRun, run_id)
    if run.state != RunState.RUNNING:
        return run  # another worker was faster, or somebody cancelled
    Assignment.objects.bulk_create(
        (
            Assignment(
                run=run,
                post_id=row.post,
                person_id=row.person,
                cost=row.cost,
                travel_minutes=row.travel_minutes,
                reason=row.reason,
            )
            for row in computed.rows
        ),
        batch_size=2000,
    )
    apply_transition(
        RUN,
        run,
        "finish",
        actor=None,
        now=now,
        changes={"result": computed.result, "progress": 100, "finished_at": now},
        data={"digest": run.digest, "filled": len(computed.rows), "empty": computed.result["objective"]["empty"]},
    )
    return run


@transaction.atomic
def _fail(run_id: int, reason: str, now: datetime) -> AssignmentRun:
    run = lock_row(AssignmentRun, run_id)
    if run.state in (RunState.QUEUED, RunState.RUNNING):
        apply_transition(
            RUN, run, "fail", actor=None, now=now, reason=reason, changes={"error": reason, "finished_at": now}
        )
    return run


@transaction.atomic
def cancel_run(*, actor: User, run: AssignmentRun, now: datetime) -> AssignmentRun:
    """Give up a run whose proposals were not sent."""
    run = lock_row(AssignmentRun, run.pk)
    require(rules.can_staff, actor, run.contract)
    apply_transition(RUN, run, "cancel", actor=actor, now=now)
    return run


@transaction.atomic
def publish_run(*, actor: User, run: AssignmentRun, now: datetime) -> AssignmentRun:
    """Send the proposals: each person is asked, and answers within three working days.

    What changed since the computation is respected: a post that was filled meanwhile, or a person who may no longer serve or no
    longer wants to be asked, is left out with the reason on record.
    """
    run = lock_row(AssignmentRun, run.pk)
    contract = run.contract
    require(rules.can_staff, actor, contract)
    if contract.state != ContractState.ACTIVE:
        raise errors.NotActive
    respond_by = answer_deadline(now)
    proposed = list(run.assignments.select_related("post").order_by("pk"))
    posts = {post.pk: post for post in lock_rows(Post, [a.post_id for a in proposed])}
    taken = set(Assignment.objects.filter(post__in=posts, state__in=LIVE).values_list("post_id", flat=True))
    able = _still_able(contract, {a.person_id for a in proposed}, run.parameters["credentials"], now)
    sent = 0
    for assignment in proposed:
        if posts[assignment.post_id].state != PostState.VACANT or assignment.post_id in taken:
            obstacle = "post_taken"
        elif assignment.person_id not in able:
            obstacle = "person_unavailable"
        else:
            sent += 1
            apply_transition(
                ASSIGNMENT, assignment, "propose", actor=actor, now=now, changes={"respond_by": respond_by}
            )
            continue
        apply_transition(ASSIGNMENT, assignment, "withdraw", actor=actor, now=now, reason=obstacle)
    apply_transition(
        RUN,
        run,
        "publish",
        actor=actor,
        now=now,
        data={"proposed": sent, "withdrawn": len(proposed) - sent, "respond_by": respond_by.isoformat()},
    )
    return run


def answer_deadline(now: datetime) -> datetime:
    """24:00 of the third working day after today."""
    last = add_working_days(now.astimezone(CHINA).date(), ANSWER_WORKING_DAYS, TableCalendar()).end
    return datetime.combine(last, END_OF_DAY, CHINA)


def _still_able(contract: Contract, people: set[int], kinds: Sequence[str], now: datetime) -> set[int]:
    on = now.astimezone(CHINA).date()
    willing = practitioners_of(contract.supplier, on).filter(pk__in=people, practitioner__open_to_posts=True)
    return set(licensed(willing, on, kinds).values_list("pk", flat=True))


# Answers


@transaction.atomic
def accept_assignment(*, actor: User, assignment: Assignment, now: datetime) -> Assignment:
    """Take the post, if the database's clock is not past the deadline.

    Raises:
        NotYours, AnswerTooLate, StaleState, and what ``contracts.services.fill_post`` refuses
    """
    assignment = _take(actor, assignment)
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
    """Take a proposal back before it is answered."""
    if not reason.strip():
        raise errors.ReasonMissing(field="reason")
    assignment = lock_row(Assignment, assignment.pk)
    require(rules.can_staff, actor, assignment.run.contract)
    apply_transition(ASSIGNMENT, assignment, "withdraw", actor=actor, now=now, reason=reason.strip())
    return assignment


@transaction.atomic
def expire_overdue(*, now: datetime) -> int:
    """End the proposals whose time ran out; gives how many. Rows that somebody is answering now are left to them."""
    overdue = Assignment.objects.select_for_update(skip_locked=True).filter(
        state=AssignmentState.PROPOSED, respond_by__lt=clock.database_now()
    )
    expired = 0
    for assignment in overdue.order_by("pk"):
        apply_transition(ASSIGNMENT, assignment, "expire", actor=None, now=now)
        expired += 1
    return expired


@transaction.atomic
def settle(*, now: datetime, post_ids: Sequence[int] | None = None) -> int:
    """Let assignments follow their posts: end what is no longer served by its person, withdraw what is taken."""
    rows = Assignment.objects.all()
    return _settle(rows if post_ids is None else rows.filter(post__in=post_ids), actor=None, now=now)


def _settle(rows: Any, *, actor: User | None, now: datetime) -> int:
    changed = 0
    for assignment in rows.filter(state__in=LIVE).select_related("post").order_by("pk"):
        post = assignment.post
        accepted = assignment.state == AssignmentState.ACCEPTED
        if accepted and (post.state != PostState.FILLED or post.adviser_id != assignment.person_id):
            apply_transition(ASSIGNMENT, assignment, "end", actor=actor, now=now, reason="post_left")
        elif not accepted and post.state != PostState.VACANT:
            apply_transition(ASSIGNMENT, assignment, "withdraw", actor=actor, now=now, reason="post_taken")
        else:
            continue
        changed += 1
    return changed


# Volunteers


@transaction.atomic
def call_volunteers(*, actor: User, contract: Contract, shifts: Sequence[NewShift], now: datetime) -> list[Opportunity]:
    """Open a call for volunteers for every village that the market left empty, once a post.

    The village's committee confirms the visits; where it is not registered, the buyer does.

    Raises:
        PermissionRefused, NotActive, NoRoundYet, NoGap, and what ``volunteers.services.create_opportunity`` refuses
    """
    contract = lock_row(Contract, contract.pk)
    require(rules.can_call_volunteers, actor, contract)
    if contract.state != ContractState.ACTIVE:
        raise errors.NotActive
    last = contract.runs.filter(state=RunState.PUBLISHED).first()
    if last is None:
        raise errors.NoRoundYet
    gaps = uncalled_gaps(contract)
    if not gaps:
        raise errors.NoGap
    hosts = _village_committees(gaps)
    opened = []
    for post in gaps:
        words = _call_words(post)
        opportunity = create_opportunity(
            actor=actor,
            organiser=contract.buyer,
            host=hosts.get(post.region_id, contract.buyer),
            kind=OpportunityKind.VISIT,
            title=words["title"],
            title_en=words["title_en"],
            description=words["description"],
            description_en=words["description_en"],
            region=post.region,
            shifts=shifts,
            skills=last.parameters["wanted"],
            languages=last.parameters["languages"],
            seeks_adviser_for_post=post.pk,
            now=now,
        )
        opened.append(open_opportunity(actor=actor, opportunity=opportunity, now=now))
    record(
        actor=actor,
        action="contract.call_volunteers",
        subject=contract,
        now=now,
        data={"posts": [post.pk for post in gaps], "opportunities": [o.pk for o in opened]},
    )
    return opened


def uncalled_gaps(contract: Contract) -> list[Post]:
    """Vacant posts without a live proposal and without an open call."""
    called = Opportunity.objects.filter(
        state__in=[OpportunityState.DRAFT, OpportunityState.OPEN], seeks_adviser_for_post__isnull=False
    ).values("seeks_adviser_for_post")
    return list(open_posts(contract).exclude(pk__in=called).select_related("region").order_by("pk"))


def _village_committees(posts: list[Post]) -> dict[int, Organisation]:
    found = Organisation.objects.filter(
        kind=OrganisationKind.VILLAGE, region__in=[post.region_id for post in posts]
    ).exclude(state="closed")
    return {organisation.region_id: organisation for organisation in found.order_by("-pk")}


def _call_words(post: Post) -> dict[str, str]:
    """Title and text of a call. They are data in both languages, so no catalogue is asked."""
    village, village_en = post.region.name, post.region.name_en
    return {
        "title": f"{village}征集志愿法律顾问",
        "title_en": f"{village_en} seeks a volunteer legal adviser",
        "description": f"合同律师目前无法覆盖{village}。请到村里解答群众的法律问题，协助审看协议、调解纠纷。"
        "有法律专业学习或从业经历最好，耐心倾听更重要。",
        "description_en": f"No lawyer of the contract can serve {village_en} at present. Come to the village, answer people's "
        "legal questions, look through agreements and help with mediation. A law degree or practice helps; listening "
        "matters most.",
    }
