"""Runs and what comes of them: request, compute, publish, answer, call volunteers."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal

from django.db import DatabaseError, transaction
from django.db.models import F, Q

from marketplace.accounts.models import Organisation, OrganisationKind, User
from marketplace.accounts.selectors import licensed, practitioners_of
from marketplace.audit.services import record
from marketplace.contracts import services as contracts
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.states import ContractState, PostState
from marketplace.core import clock
from marketplace.core.bulk import among, copy_rows
from marketplace.core.locks import lock_name, lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition, apply_transitions
from marketplace.core.words import instant_words
from marketplace.matching.problem import from_document
from marketplace.regions.models import Level
from marketplace.statutes.deadlines import CHINA, END_OF_DAY, add_working_days
from marketplace.statutes.selectors import TableCalendar
from volunteers.models import Opportunity, OpportunityKind
from volunteers.services import NewShift, create_opportunity, open_opportunity
from volunteers.states import OpportunityState

from . import errors, letters, rules
from .computing import Computed, compute, measure_stored
from .computing_parts import Part, join, parts_of
from .freezing import LIVE, Frozen, Wishes, freeze, open_posts
from .models import MOST_ROUNDS_BY_THEMSELVES, Assignment, AssignmentRun, EmptyPost, RunPart
from .states import ASSIGNMENT, RUN, RUN_PART, AssignmentState, PartState, RunKind, RunShape, RunState
from .teams import sending
from .teams.freezing import FrozenTeams, freeze_teams
from .teams.frozen import from_document as teams_from_document
from .teams.wishes import TeamWishes, is_team

logger = logging.getLogger(__name__)

#: working days that a person has to answer a proposal
ANSWER_WORKING_DAYS = 3
#: starts after which a run that never ends is given up
MOST_ATTEMPTS = 4
#: percent that show when all parts of a run are computed
PARTS_PROGRESS = 90


# Runs


@transaction.atomic
def request_run(
    *, actor: User, contract: Contract, now: datetime, parameters: Mapping[str, Any] | None = None
) -> AssignmentRun:
    """Freeze the problem of a contract's vacant posts and queue its computation.

    ``parameters``: what ``freezing.Wishes`` knows, or ``teams.wishes.TeamWishes`` for a contract with several seats in one place:
    these are dealt as one team. After the first published run every further one is a repair: who accepted or
    may still answer keeps the post, who declined one is not asked for it again. A computed run that was not published is
    superseded.

    Raises:
        PermissionRefused, NotActive, RunUnderWay, NothingVacant, PlaceUnknown, BadWish
    """
    wishes = wishes_for(contract, parameters or {})
    contract = lock_row(Contract, contract.pk)
    require(rules.can_staff, actor, contract)
    return open_run(contract, wishes, actor=actor, asked_by=actor, now=now)


def wishes_for(contract: Contract, values: Mapping[str, Any]) -> Wishes | TeamWishes:
    """What is asked of the contract's computation. Raises ``BadWish``."""
    return TeamWishes.from_mapping(values) if is_team(contract) else Wishes.from_mapping(values)


def open_run(
    contract: Contract,
    wishes: Wishes | TeamWishes,
    *,
    actor: User | None,
    asked_by: User,
    now: datetime,
    rounds_left: int = 0,
    teams: FrozenTeams | None = None,
) -> AssignmentRun:
    """Make the run, in the caller's transaction that holds the contract's lock. ``actor`` is None when it begins by itself.

    ``teams``: the problem that this contract shares with others, where several are computed together.
    """
    if contract.state != ContractState.ACTIVE:
        raise errors.NotActive
    if contract.runs.filter(state__in=[RunState.QUEUED, RunState.RUNNING]).exists():
        raise errors.RunUnderWay
    settle_contract(contract, actor=actor, now=now)
    frozen = (
        _freeze_team(contract, wishes, teams, now)
        if isinstance(wishes, TeamWishes)
        else freeze(contract, wishes, now=now)
    )
    if not len(frozen.problem.posts):
        raise errors.NothingVacant
    for stale in contract.runs.filter(state=RunState.DONE).order_by("pk"):
        apply_transition(RUN, stale, "cancel", actor=actor, now=now, data={"superseded": True})
    follows = last_published(contract)
    run = AssignmentRun.objects.create(
        contract=contract,
        kind=RunKind.FULL if follows is None else RunKind.REPAIR,
        shape=RunShape.TEAM if isinstance(wishes, TeamWishes) else RunShape.POSTS,
        follows=follows,
        automatic=actor is None,
        rounds_left=rounds_left,
        automated_by=asked_by if rounds_left else None,
        parameters=frozen.parameters,
        problem=frozen.problem.document(),
        digest=frozen.problem.digest(),
        before=frozen.before,
        requested_by=asked_by,
        requested_at=now,
    )
    record(
        actor=actor,
        action="run.request",
        subject=run,
        now=now,
        data={
            "digest": run.digest,
            "posts": len(frozen.problem.posts),
            "people": len(frozen.problem.people),
            "kept": len(frozen.before["kept"]),
            **({"repairs": follows.pk} if follows is not None else {}),
        },
    )
    transaction.on_commit(partial(ask_for_run, run.pk))
    return run


def settle_contract(contract: Contract, *, actor: User | None, now: datetime) -> None:
    """Assignments of the contract follow their posts before a problem is frozen."""
    _settle(Assignment.objects.filter(run__contract=contract), actor=actor, now=now)


def _freeze_team(contract: Contract, wishes: TeamWishes, teams: FrozenTeams | None, now: datetime) -> Frozen:
    found = teams or freeze_teams({contract.pk: wishes}, [contract], now=now)
    if contract.pk not in found.before:
        raise errors.NoSeatEmpty
    return Frozen(found.deal, found.parameters[contract.pk], found.before[contract.pk])


def last_published(contract: Contract) -> AssignmentRun | None:
    """The run whose proposals were sent last."""
    return contract.runs.filter(state=RunState.PUBLISHED).order_by("-requested_at", "-pk").first()


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
    again, at most ``MOST_ATTEMPTS`` times. A large run falls into parts if it can (``services_parts``), each a task of its
    own; called again once they are done, this puts them together.
    """
    run, step = _start(run_id, now)
    if step == "leave":
        return run
    try:
        if run.shape == RunShape.TEAM:
            report = partial(_progress, run_id)
            # The solver is heavy: it is loaded by who computes.
            from .teams.computing import compute_teams

            return _store(run_id, compute_teams(teams_from_document(run.problem), run.contract_id, report=report), now)
        problem = from_document(run.problem)
        if step == "join":
            rows = run.parts.exclude(outcome=None).order_by("number")
            found = [(Part(part.posts, part.people), part.outcome) for part in rows if part.outcome is not None]
            # None is left where another worker has put them together meanwhile.
            return _store(run_id, join(problem, found), now) if found else AssignmentRun.objects.get(pk=run_id)
        parts = parts_of(problem)
        if parts:
            return _divide(run_id, parts, now)
        return _store(run_id, compute(problem, report=partial(_progress, run_id)), now)
    except DatabaseError:
        # Not the problem's fault: the next attempt may succeed.
        raise
    except Exception as error:
        logger.exception("run %s failed", run_id)
        return fail_run(run_id, f"{type(error).__name__}: {error}", now)


@transaction.atomic
def _start(run_id: int, now: datetime) -> tuple[AssignmentRun, Literal["compute", "join", "leave"]]:
    """The run, and what is to be done: compute it, put its parts together, or nothing. Decided under its lock."""
    run = lock_row(AssignmentRun, run_id)
    parts = set(run.parts.values_list("state", flat=True))
    if run.state not in (RunState.QUEUED, RunState.RUNNING) or parts - {PartState.DONE}:
        return run, "leave"
    if run.attempts >= MOST_ATTEMPTS:
        return fail_run(run_id, f"given up after {run.attempts} starts", now), "leave"
    apply_transition(
        RUN,
        run,
        "start",
        actor=None,
        now=now,
        changes={
            "attempts": run.attempts + 1,
            "started_at": now,
            "progress": PARTS_PROGRESS if parts else 0,
        },
        data={"attempt": run.attempts + 1},
    )
    return run, "join" if parts else "compute"


@transaction.atomic
def _divide(run_id: int, parts: Sequence[Part], now: datetime) -> AssignmentRun:
    """Make a task of each part, unless another worker did."""
    run = lock_row(AssignmentRun, run_id)
    if run.state != RunState.RUNNING or run.parts.exists():
        return run
    made = RunPart.objects.bulk_create(
        RunPart(run=run, number=at, posts=p.posts, people=p.people, post_count=len(p.posts), asked_at=now)
        for at, p in enumerate(parts, start=1)
    )
    record(actor=None, action="run.divide", subject=run, now=now, data={"parts": [len(p.posts) for p in parts]})
    for part in made:
        transaction.on_commit(partial(ask_for_part, part.pk))
    return run


def ask_for_part(part_id: int) -> None:
    """Hand a part to a worker; as with runs, the sweep asks again for what got lost."""
    # The tasks import this module.
    from .tasks import execute_part

    try:
        execute_part.delay(part_id)
    except OSError:
        logger.warning("part %s could not be queued; the sweep will", part_id)


def _progress(run_id: int, percent: int) -> None:
    """Never backward: two workers may be at it."""
    AssignmentRun.objects.filter(pk=run_id, state=RunState.RUNNING, progress__lt=percent).update(progress=percent)


@transaction.atomic
def _store(run_id: int, computed: Computed, now: datetime) -> AssignmentRun:
    run = lock_row(AssignmentRun, run_id)
    if run.state != RunState.RUNNING:
        return run  # another worker was faster, or somebody cancelled
    left = {int(post): assignment for post, assignment in run.before["left"].items()}
    was = dict(Assignment.objects.filter(pk__in=among(left.values())).values_list("pk", "person_id"))
    team = run.contract_id if run.shape == RunShape.TEAM else None
    copy_rows(
        Assignment,
        (
            "run_id",
            "post_id",
            "person_id",
            "cost",
            "travel_minutes",
            "reason",
            "replaces_id",
            "team_id",
            "state",
            "answer_note",
        ),
        (
            (
                run_id,
                row.post,
                row.person,
                row.cost,
                row.travel_minutes,
                row.reason,
                left.get(row.post),
                team,
                "computed",
                "",
            )
            for row in computed.rows
        ),
    )
    copy_rows(
        EmptyPost,
        ("run_id", "post_id", "because", "reason", "replaces_id"),
        ((run_id, row.post, row.because, row.reason, left.get(row.post)) for row in computed.empty),
    )
    changes = {
        "unchanged": len(run.before["kept"]),
        "new": sum(row.post not in left for row in computed.rows),
        "moved": sum(row.post in left and was[left[row.post]] != row.person for row in computed.rows),
        "again": sum(row.post in left and was[left[row.post]] == row.person for row in computed.rows),
        "lost": sum(row.post in left for row in computed.empty),
        "still_empty": sum(row.post not in left for row in computed.empty),
    }
    run.parts.update(outcome=None)
    apply_transition(
        RUN,
        run,
        "finish",
        actor=None,
        now=now,
        changes={
            "result": computed.result,
            "summary": computed.summary | {"changes": changes},
            "fairness": computed.fairness,
            "progress": 100,
            "finished_at": now,
        },
        data={"digest": run.digest, "filled": len(computed.rows), "empty": computed.result["objective"]["empty"]},
    )
    return run


def measure_runs(*, most: int = 3) -> int:
    """Measure the fairness of finished runs that were stored without it; gives how many were done."""
    finished = AssignmentRun.objects.filter(
        state__in=[RunState.DONE, RunState.PUBLISHED], shape=RunShape.POSTS, fairness={}
    )
    done = 0
    for run in finished.order_by("pk")[:most]:
        rows = list(run.assignments.values_list("post_id", "person_id", "reason"))
        reasons = [*(row[2] for row in rows), *run.empty_posts.values_list("reason", flat=True)]
        fairness = measure_stored(from_document(run.problem), {row[0]: row[1] for row in rows}, reasons)
        done += AssignmentRun.objects.filter(pk=run.pk, fairness={}).update(fairness=fairness)
    return done


@transaction.atomic
def fail_run(run_id: int, reason: str, now: datetime) -> AssignmentRun:
    run = lock_row(AssignmentRun, run_id)
    if run.state in (RunState.QUEUED, RunState.RUNNING):
        apply_transition(
            RUN, run, "fail", actor=None, now=now, reason=reason, changes={"error": reason, "finished_at": now}
        )
        _drop_parts(run, actor=None, now=now)
    return run


def _drop_parts(run: AssignmentRun, *, actor: User | None, now: datetime) -> None:
    """Parts that have not begun do not; what runs finds nobody waiting for it."""
    under_way = run.parts.filter(state__in=[PartState.QUEUED, PartState.RUNNING])
    apply_transitions(RUN_PART, under_way, "cancel", actor=actor, now=now)
    run.parts.update(outcome=None)


@transaction.atomic
def cancel_run(*, actor: User, run: AssignmentRun, now: datetime) -> AssignmentRun:
    """Give up a run whose proposals were not sent."""
    run = lock_row(AssignmentRun, run.pk)
    require(rules.can_staff, actor, run.contract)
    apply_transition(RUN, run, "cancel", actor=actor, now=now)
    _drop_parts(run, actor=actor, now=now)
    return run


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
    overdue = Assignment.objects.filter(state=AssignmentState.PROPOSED, respond_by__lt=clock.database_now())
    return len(apply_transitions(ASSIGNMENT, overdue, "expire", actor=None, now=now, skip_locked=True))


@transaction.atomic
def settle(*, now: datetime, post_ids: Sequence[int] | None = None) -> int:
    """Let assignments follow their posts: end what is no longer served by its person, withdraw what is taken."""
    rows = Assignment.objects.all()
    return _settle(rows if post_ids is None else rows.filter(post__in=post_ids), actor=None, now=now)


def _settle(rows: Any, *, actor: User | None, now: datetime) -> int:
    left = Q(state=AssignmentState.ACCEPTED) & (~Q(post__state=PostState.FILLED) | ~Q(post__adviser=F("person")))
    taken = Q(state=AssignmentState.PROPOSED) & ~Q(post__state=PostState.VACANT)
    ended = apply_transitions(ASSIGNMENT, rows.filter(left), "end", actor=actor, now=now, reason="post_left")
    withdrawn = apply_transitions(ASSIGNMENT, rows.filter(taken), "withdraw", actor=actor, now=now, reason="post_taken")
    return len(ended) + len(withdrawn)


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
    # A village can be helped by volunteers; the seat of a team cannot.
    villages = open_posts(contract).filter(region__level=Level.VILLAGE)
    return list(villages.exclude(pk__in=called).select_related("region").order_by("pk"))


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
