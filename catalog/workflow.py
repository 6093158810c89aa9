"""Review of products: who drafted a change does not approve it (DESIGN: invariant 10)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.models import AbstractGroupApprovalTask, Page, TaskState, Workflow, WorkflowPage, WorkflowTask

REVIEWERS = "Moderators"


class SecondPersonApproval(AbstractGroupApprovalTask):
    """Approval by a member of the chosen groups who did not ask for it."""

    def get_actions(self, obj: Any, user: Any) -> list[tuple[str, Any, bool]]:
        state = obj.current_workflow_state
        if state is not None and state.requested_by_id == user.pk:
            return []
        actions: list[tuple[str, Any, bool]] = super().get_actions(obj, user)
        return actions

    def get_task_states_user_can_moderate(self, user: Any, **kwargs: Any) -> QuerySet[TaskState]:
        states: QuerySet[TaskState] = super().get_task_states_user_can_moderate(user, **kwargs)
        return states.exclude(workflow_state__requested_by=user)

    @classmethod
    def get_description(cls) -> Any:
        return _("A member of the chosen groups approves, but never the person who asked for it")

    class Meta:
        verbose_name = _("approval by a second person")
        verbose_name_plural = _("approvals by a second person")


def install_review(page: Page) -> Workflow:
    """Put ``page`` and everything below it under review by a second person. Installing it again changes nothing."""
    name = "目录评审 · Catalogue review"
    workflow, created = Workflow.objects.get_or_create(name=name)
    if created:
        task = SecondPersonApproval.objects.create(name="第二人审核 · Second person")
        task.groups.add(Group.objects.get(name=REVIEWERS))
        WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=0)
    WorkflowPage.objects.update_or_create(page=page, defaults={"workflow": workflow})
    return workflow
