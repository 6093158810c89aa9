"""When a village may count on its adviser, and which villages still wait for a lawyer's visit.

Nobody announces a visit here; what is known is what the contract owes: so much on site in every month (quarter, year).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from marketplace.accounts.models import User
from marketplace.contracts.fulfilment import fulfilment, is_counted, span
from marketplace.contracts.models import Obligation, Post
from marketplace.core.i18n import localized
from marketplace.core.workspace import WorkItem
from marketplace.timesheets.models import SessionKind

from .selectors import current_posts

#: so many villages are named, the rest are counted
NAMED = 5


def owed_on_site(obligations: Sequence[Obligation], day: date) -> list[tuple[Obligation, date, date]]:
    """Obligations to come, each with the first and last day of its period in which ``day`` lies."""
    spans = [
        (line, span(line.period, day)) for line in obligations if line.kind == SessionKind.ON_SITE and is_counted(line)
    ]
    return [(line, *within) for line, within in spans if within is not None]


def next_visit_by(post: Post, obligations: Sequence[Obligation], today: date) -> date | None:
    """The day by which the adviser comes next: the end of this period, or of the next where all of it was delivered.

    None where the contract owes no visit on site any more. One query.
    """
    for line, first, last in owed_on_site(obligations, today):
        [item] = fulfilment([post], first, last, obligations=[line])[post.pk]
        if item.met:
            following = span(line.period, last + timedelta(days=1))
            if following is None or following[0] > post.ends_on:
                return None
            last = following[1]
        return min(last, post.ends_on)
    return None


def work_items(user: User, now: datetime) -> Iterator[WorkItem]:
    """What a lawyer still owes on site in the present period. A visit that waits for confirmation was made."""
    today = timezone.localdate(now)
    posts = list(current_posts(now).filter(adviser=user))
    if not posts:
        return
    obligations = Obligation.objects.filter(contract__in={post.contract_id for post in posts}).order_by("pk")
    by_span: dict[tuple[date, date], list[Obligation]] = defaultdict(list)
    for line, first, last in owed_on_site(list(obligations), today):
        by_span[first, last].append(line)
    for (first, last), lines in sorted(by_span.items(), key=lambda entry: entry[0]):
        items = fulfilment(posts, first, last, obligations=lines)
        missing = [p for p in posts if any(not item.met and not item.waiting for item in items[p.pk])]
        if not missing:
            continue
        names = pgettext("between villages", ", ").join(localized(post.region, "name") for post in missing[:NAMED])
        one = missing[0] if len(missing) == 1 else None
        yield WorkItem(
            ngettext(
                "%(n)s village is waiting for your visit", "%(n)s villages are waiting for your visit", len(missing)
            )
            % {"n": len(missing)},
            reverse("dashboards:coverage", args=[one.region_id]) if one else reverse("timesheets:mine"),
            names + ("…" if len(missing) > NAMED else ""),
            due_at=timezone.make_aware(datetime.combine(last, time(23, 59))),
            button=_("See the village") if one else _("See your visits"),
        )
