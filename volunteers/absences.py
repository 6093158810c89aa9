"""Missed shifts: who missed three within a year cannot sign up until an organiser lets him."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet

from marketplace.accounts.models import Organisation, User
from marketplace.accounts.rules import organisations_of

from . import errors
from .models import SignUp
from .rules import ORGANISERS
from .states import SignUpState

#: 法律援助志愿者管理办法 art. 20: removed, after a check, at three broken appointments in a year
MISSED_LIMIT = 3
WITHIN = timedelta(days=365)


def counted(now: datetime) -> QuerySet[SignUp]:
    """Missed shifts that count at ``now``: of the last year, and begun after the person was last readmitted."""
    again = F("volunteer__volunteer__readmitted_at")
    return SignUp.objects.filter(
        Q(volunteer__volunteer__readmitted_at=None) | Q(shift__starts_at__gt=again),
        state=SignUpState.MISSED,
        shift__starts_at__gt=now - WITHIN,
    )


def missed_by(person: User, now: datetime) -> list[SignUp]:
    """What counts against one person, the last first, with call, organiser and host."""
    return list(
        counted(now)
        .filter(volunteer=person)
        .select_related("shift__opportunity__organiser", "shift__opportunity__host", "shift__opportunity__region")
        .order_by("-shift__starts_at", "-pk")
    )


def refusal(person: User, now: datetime) -> errors.TooManyMissed | None:
    """Why the person cannot sign up at ``now``, and whom to ask: the organiser of the last shift that was missed."""
    missed = missed_by(person, now)
    if len(missed) < MISSED_LIMIT:
        return None
    return errors.TooManyMissed(times=len(missed), organiser=missed[0].shift.opportunity.organiser)


def decided_by(user: User, now: datetime) -> QuerySet[User]:
    """Barred people of whom ``user`` decides: some of it was missed with an organisation he acts for. Never himself."""
    mine = organisations_of(user, *ORGANISERS)
    ours = Q(shift__opportunity__organiser__in=mine) | Q(shift__opportunity__host__in=mine)
    barred = (
        counted(now)
        .order_by()
        .values("volunteer")
        .annotate(times=Count("pk"), ours=Count("pk", filter=ours))
        .filter(times__gte=MISSED_LIMIT, ours__gt=0)
    )
    return User.objects.filter(pk__in=barred.values("volunteer")).exclude(pk=user.pk).order_by("pk")


def speaks_for(user: User, missed: list[SignUp]) -> Organisation | None:
    """The organisation of the last of these shifts for which ``user`` acts."""
    mine = set(organisations_of(user, *ORGANISERS).values_list("pk", flat=True))
    calls = [each.shift.opportunity for each in missed]
    return next((o for call in calls for o in (call.organiser, call.host) if o.pk in mine), None)
