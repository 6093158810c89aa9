"""Recording service: once, by the clock of the database, confirmed by who was served.

One clock hour of a person counts once, whatever it was for: the exclusion constraint ``one_clock_hour_once``
decides every race; the checks here only say it in words (民政部令第67号 arts. 16, 19; 志愿服务条例 art. 21).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange  # type: ignore[import-untyped]
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import Organisation, User
from marketplace.audit.services import record
from marketplace.core import clock, events
from marketplace.core.errors import StaleState
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row
from marketplace.core.states import apply_transition
from marketplace.core.words import day_words, duration_words
from marketplace.regions.models import Region

from . import errors, letters
from .events import SessionConfirmed
from .models import ServiceSession
from .rules import can_confirm, can_decide
from .states import SESSION, SessionState

LONGEST_SESSION = timedelta(hours=16)
REPORT_WITHIN = timedelta(days=90)
_ENDED = (SessionState.REJECTED, SessionState.WITHDRAWN)


@transaction.atomic
def check_in(
    *,
    actor: User,
    capacity: str,
    kind: str,
    region: Region,
    host: Organisation,
    subject_kind: str,
    subject_id: int,
) -> ServiceSession:
    """Begin service now, by the database's clock. A second call for the same subject finds the open session again.

    Raises:
        AlreadyOpen: the person is still checked in elsewhere.
        Overlap: a recorded session covers this moment.
    """
    lock_row(User, actor.pk)
    now = clock.database_now()
    running = ServiceSession.objects.filter(person=actor, state=SessionState.OPEN).select_related("region").first()
    if running is not None:
        if (running.subject_kind, running.subject_id, running.kind) == (subject_kind, subject_id, kind):
            return running
        raise errors.AlreadyOpen(place=localized(running.region, "name"))
    # Its end is known at check-out; until then ``_refuse_overlap`` lets nothing be reported from its begin on.
    session = _insert(
        person=actor,
        capacity=capacity,
        kind=kind,
        region=region,
        host=host,
        subject_kind=subject_kind,
        subject_id=subject_id,
        period=DateTimeTZRange(now, now + timedelta(minutes=1), "[)"),
        checked_in=True,
        state=SessionState.OPEN,
    )
    record(actor=actor, action="session.check_in", subject=session, now=now, data={"region": region.pk})
    return session


@transaction.atomic
def check_out(*, actor: User, session: ServiceSession, summary: str, people_served: int = 0) -> ServiceSession:
    """End service now and hand it to the host for confirmation. More than ``LONGEST_SESSION`` is cut there and said so.

    Raises:
        NotYours, NeverStarted, Overlap
    """
    session = lock_row(ServiceSession, session.pk)
    if session.person_id != actor.pk:
        raise errors.NotYours
    if session.state != SessionState.OPEN:
        raise errors.NeverStarted
    now = clock.database_now()
    begin = session.period.lower
    end = min(max(now, begin + timedelta(minutes=1)), begin + LONGEST_SESSION)
    _refuse_overlap(actor, begin, end, but=session.pk)
    try:
        with transaction.atomic():
            apply_transition(
                SESSION,
                session,
                "check_out",
                actor=actor,
                now=now,
                data={"cut": now > end},
                changes={
                    "period": DateTimeTZRange(begin, end, "[)"),
                    "claimed_minutes": _minutes(begin, end),
                    "summary": summary,
                    "people_served": people_served,
                    "reported_at": now,
                },
            )
    except IntegrityError as error:
        raise _overlap_from(error, actor, begin, end) from error
    return session


@transaction.atomic
def report_session(
    *,
    actor: User,
    capacity: str,
    kind: str,
    region: Region,
    host: Organisation,
    subject_kind: str,
    subject_id: int,
    start: datetime,
    end: datetime,
    summary: str,
    people_served: int = 0,
    now: datetime,
) -> ServiceSession:
    """Report service afterwards. The same report sent again finds the first one.

    Raises:
        EndsBeforeStart, TooLong, InFuture, TooLate
        Overlap: the person has other service in this time.
        AlreadyOpen: it reaches into a visit from which the person has not checked out.
    """
    _check_period(start, end, now)
    lock_row(User, actor.pk)
    known = (
        ServiceSession.objects.filter(
            person=actor,
            subject_kind=subject_kind,
            subject_id=subject_id,
            kind=kind,
            period=DateTimeTZRange(start, end, "[)"),
        )
        .exclude(state__in=_ENDED)
        .first()
    )
    if known is not None:
        return known
    _refuse_overlap(actor, start, end)
    session = _insert(
        person=actor,
        capacity=capacity,
        kind=kind,
        region=region,
        host=host,
        subject_kind=subject_kind,
        subject_id=subject_id,
        period=DateTimeTZRange(start, end, "[)"),
        claimed_minutes=_minutes(start, end),
        summary=summary,
        people_served=people_served,
        reported_at=now,
        state=SessionState.REPORTED,
    )
    record(actor=actor, action="session.report", subject=session, now=now, data={"minutes": session.claimed_minutes})
    return session


@transaction.atomic
def confirm_session(*, actor: User, session: ServiceSession, now: datetime) -> ServiceSession:
    """The host confirms what was reported; from now on the minutes count.

    Raises:
        OwnService, NotTheHost, IllegalTransition
    """
    session = lock_row(ServiceSession, session.pk)
    _require_host(actor, session)
    _settle(session, "confirm", actor, session.claimed_minutes, "", now)
    return session


@transaction.atomic
def dispute_session(*, actor: User, session: ServiceSession, note: str, now: datetime) -> ServiceSession:
    """The host says that the report is not right; a supervisor will decide. Neither side's word wins by default."""
    session = lock_row(ServiceSession, session.pk)
    _require_host(actor, session)
    if not note.strip():
        raise errors.NoteNeeded(field="note")
    note = note.strip()
    apply_transition(SESSION, session, "dispute", actor=actor, now=now, reason=note, changes={"objection": note})
    letters.questioned(session, note)
    return session


@transaction.atomic
def answer_objection(*, actor: User, session: ServiceSession, note: str, now: datetime) -> ServiceSession:
    """The person who served says how it was; whoever decides reads both sides. A later answer replaces the earlier one.

    Raises:
        NotYours, NoteNeeded, StaleState: it is decided already, or was never disputed
    """
    session = lock_row(ServiceSession, session.pk)
    if session.person_id != actor.pk:
        raise errors.NotYours
    if session.state != SessionState.DISPUTED:
        raise StaleState
    note = note.strip()
    if not note:
        raise errors.NoteNeeded(field="note")
    session.answer = note
    session.save(update_fields=["answer"])
    record(actor=actor, action="session.answer", subject=session, now=now, reason=note)
    return session


@transaction.atomic
def decide_session(*, actor: User, session: ServiceSession, minutes: int, note: str, now: datetime) -> ServiceSession:
    """A supervisor who belongs to neither side decides how many minutes count (0 rejects). The claim stays as it was.

    Raises:
        PermissionRefused, NoteNeeded, MinutesOutOfRange, IllegalTransition
    """
    session = lock_row(ServiceSession, session.pk)
    if not can_decide(actor, session):
        raise errors.NotTheHost(
            _("A supervisor of this place who belongs to neither side decides. Ask the supervising authority.")
        )
    if not note.strip():
        raise errors.NoteNeeded(field="note")
    if not 0 <= minutes <= session.claimed_minutes:
        raise errors.MinutesOutOfRange(field="minutes", claimed=duration_words(session.claimed_minutes))
    if minutes == 0:
        apply_transition(
            SESSION,
            session,
            "reject",
            actor=actor,
            now=now,
            reason=note,
            changes={"decided_minutes": 0, "decided_by": actor, "decided_at": now, "decision_note": note},
        )
    else:
        _settle(session, "decide", actor, minutes, note, now)
    letters.decided(session, minutes, note.strip())
    return session


@transaction.atomic
def withdraw_session(*, actor: User, session: ServiceSession, now: datetime) -> ServiceSession:
    """The person takes back what was not yet decided."""
    session = lock_row(ServiceSession, session.pk)
    if session.person_id != actor.pk:
        raise errors.NotYours
    apply_transition(SESSION, session, "withdraw", actor=actor, now=now)
    return session


def _check_period(start: datetime, end: datetime, now: datetime) -> None:
    if end <= start:
        raise errors.EndsBeforeStart(field="end")
    if end > now:
        raise errors.InFuture(field="end")
    if end - start > LONGEST_SESSION:
        raise errors.TooLong(field="end", hours=LONGEST_SESSION // timedelta(hours=1))
    if now - end > REPORT_WITHIN:
        raise errors.TooLate(field="end", days=REPORT_WITHIN.days)


def _settle(session: ServiceSession, action: str, actor: User, minutes: int, note: str, now: datetime) -> None:
    apply_transition(
        SESSION,
        session,
        action,
        actor=actor,
        now=now,
        reason=note,
        data={"minutes": minutes, "claimed": session.claimed_minutes},
        changes={
            "decided_minutes": minutes,
            "decided_by": actor,
            "decided_at": now,
            "decision_note": note,
        },
    )
    events.publish(SessionConfirmed(session.pk))


def _require_host(actor: User, session: ServiceSession) -> None:
    if actor.pk == session.person_id:
        raise errors.OwnService
    if not can_confirm(actor, session):
        raise errors.NotTheHost


def _insert(**fields: Any) -> ServiceSession:
    period = fields["period"]
    try:
        with transaction.atomic():
            return ServiceSession.objects.create(**fields)
    except IntegrityError as error:
        raise _overlap_from(error, fields["person"], period.lower, period.upper) from error


def _refuse_overlap(person: User, start: datetime, end: datetime, *, but: int | None = None) -> None:
    other = _overlapping(person, start, end).exclude(pk=but).first()
    if other is not None and other.state != SessionState.OPEN:
        raise _overlap(other)
    # What is under way has no end yet: anything after its begin would keep the person from checking out.
    running = (
        ServiceSession.objects.filter(person=person, state=SessionState.OPEN, period__startswith__lt=end)
        .exclude(pk=but or 0)
        .select_related("region")
        .first()
    )
    if running is not None:
        raise errors.AlreadyOpen(place=localized(running.region, "name"))


def _overlapping(person: User, start: datetime, end: datetime) -> Any:
    return (
        ServiceSession.objects.filter(person=person, period__overlap=DateTimeTZRange(start, end, "[)"))
        .exclude(state__in=_ENDED)
        .select_related("region")
    )


def _overlap(other: ServiceSession) -> errors.Overlap:
    begin, end = (timezone.localtime(t) for t in (other.period.lower, other.period.upper))
    # What was confirmed stays: nobody is told to withdraw it.
    refusal = errors.OverlapSettled if other.state == SessionState.CONFIRMED else errors.Overlap
    return refusal(span=f"{day_words(begin.date())} {begin:%H:%M}–{end:%H:%M}", place=localized(other.region, "name"))


def _overlap_from(error: IntegrityError, person: User, start: datetime, end: datetime) -> Exception:
    """The database decided a race against us: say with what we collided; anything else is not ours to explain."""
    if "one_clock_hour_once" not in str(error):
        return error
    other = _overlapping(person, start, end).first()
    return _overlap(other) if other else errors.Overlap(span="", place="")


def _minutes(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds() // 60)
