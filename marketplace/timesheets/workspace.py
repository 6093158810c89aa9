"""What waits for a person about service time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import Role, User
from marketplace.accounts.rules import organisations_of, roles_of
from marketplace.core.i18n import localized
from marketplace.core.words import day_words
from marketplace.core.workspace import WorkItem

from .models import ServiceSession
from .rules import HOST_ROLES, visible_to
from .selectors import disputed_since
from .services import LONGEST_SESSION
from .states import SessionState

#: more than these are found in the person's own list
MOST = 5


def work_items(user: User, now: datetime) -> Iterator[WorkItem]:
    running = (
        ServiceSession.objects.filter(person=user, state=SessionState.OPEN)
        .select_related("region")
        .order_by("pk")
        .first()
    )
    if running is not None:
        place = localized(running.region, "name")
        yield WorkItem(
            _("Check out at %(place)s") % {"place": place},
            reverse("timesheets:check_out", args=[running.pk]),
            _("After 16 hours nothing more is recorded."),
            due_at=running.period.lower + LONGEST_SESSION,
        )
    questioned = ServiceSession.objects.filter(person=user, state=SessionState.DISPUTED, answer="")
    for session in questioned.select_related("region", "host").order_by("reported_at", "pk")[:MOST]:
        yield WorkItem(
            _("Answer: your service in %(place)s is questioned") % {"place": localized(session.region, "name")},
            reverse("timesheets:detail", args=[session.pk]),
            _("%(host)s does not confirm it as you reported it.") % {"host": localized(session.host, "name")},
            weight=25,
        )
    roles = roles_of(user)
    if roles & set(HOST_ROLES):
        hosts = organisations_of(user, *HOST_ROLES)
        reported = ServiceSession.objects.filter(host__in=hosts, state=SessionState.REPORTED).exclude(person=user)
        waiting, since = reported.aggregate(n=Count("pk"), since=Min("reported_at")).values()
        if waiting:
            text = ngettext("Confirm %(n)s report of service", "Confirm %(n)s reports of service", waiting)
            yield WorkItem(
                text % {"n": waiting},
                reverse("timesheets:to_confirm"),
                _("The people who came are waiting for it."),
                weight=20,
                since=since,
            )
    if Role.SUPERVISOR in roles:
        disputes = disputed_since(visible_to(user)).order_by("disputed_at", "pk")
        oldest = disputes.first()
        if oldest is not None:
            disputed = max(disputes.count(), 1)
            text = ngettext("Decide %(n)s dispute about service", "Decide %(n)s disputes about service", disputed)
            about = ngettext("%(place)s, service of %(day)s", "the oldest: %(place)s, service of %(day)s", disputed) % {
                "place": localized(oldest.region, "name"),
                "day": day_words(timezone.localdate(oldest.period.lower)),
            }
            yield WorkItem(
                text % {"n": disputed},
                reverse("timesheets:disputes"),
                about,
                weight=30,
                since=oldest.disputed_at,  # type: ignore[attr-defined]
            )
