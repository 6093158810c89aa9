"""What waits for those who keep the legal calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.core.workspace import WorkItem
from marketplace.statutes import rules, selectors
from marketplace.statutes.deadlines import CHINA

#: the notice for the next year comes in November or December
ANNOUNCING_MONTH = 11


def work_items(user: Any, now: datetime) -> Iterator[WorkItem]:
    """Entering the holidays of this year, or from November on those of the next, while they are not in the table."""
    today = timezone.localtime(now, CHINA).date()
    wanted = today.year + 1 if today.month >= ANNOUNCING_MONTH else today.year
    if not rules.can_edit_calendar(user):
        return
    last = selectors.last_announced_year()
    if last is not None and last < wanted:
        yield WorkItem(
            title=(
                _("Enter the holidays of %(year)s")
                if last < today.year
                else _("The holidays of %(year)s are not announced yet")
            )
            % {"year": last + 1},
            url=reverse("statutes:announce", args=[last + 1]),
            detail=_(
                "Dates that depend on that year stay provisional until the notice of the General Office "
                "of the State Council is entered."
            ),
            tone="wait" if last >= today.year else "now",
        )
