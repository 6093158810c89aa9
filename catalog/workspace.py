"""What the catalogue asks of a person: review a page that somebody else has changed, or mend what came back from review."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import Page, WorkflowState

from marketplace.core.i18n import localized
from marketplace.core.workspace import WorkItem

from .workflow import SecondPersonApproval


def work_items(user: Any, now: datetime) -> Iterator[WorkItem]:
    if not user.has_perm("wagtailadmin.access_admin"):
        return
    yield from _returned(user)
    for task in SecondPersonApproval.objects.filter(active=True):
        waiting = task.get_task_states_user_can_moderate(user).select_related(
            "revision", "workflow_state__requested_by"
        )
        for state in waiting.order_by("started_at", "pk"):
            page = state.revision.content_object
            if isinstance(page, Page):
                yield WorkItem(
                    title=_("Review: %(title)s") % {"title": localized(page, "title")},
                    url=reverse("wagtailadmin_pages:edit", args=[page.pk]),
                    detail=_("changed by %(name)s")
                    % {"name": localized(state.workflow_state.requested_by, "display_name")},
                )


def _returned(user: Any) -> Iterator[WorkItem]:
    states = WorkflowState.objects.filter(requested_by=user, status=WorkflowState.STATUS_NEEDS_CHANGES)
    for state in states.select_related("current_task_state").order_by("pk"):
        page = state.content_object
        if isinstance(page, Page):
            yield WorkItem(
                title=_("Revise and resubmit: %(title)s") % {"title": localized(page, "title")},
                url=reverse("wagtailadmin_pages:edit", args=[page.pk]),
                detail=state.current_task_state.comment if state.current_task_state else "",
            )
