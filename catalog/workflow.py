"""Review of products: who drafted a change does not approve it (DESIGN: invariant 10)."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.models import (
    AbstractGroupApprovalTask,
    Page,
    PagePermissionTester,
    Revision,
    TaskState,
    Workflow,
    WorkflowPage,
    WorkflowTask,
)

from marketplace.core.page_forms import AddressedPageForm
from marketplace.core.pages import TitledInBoth

from .errors import OwnDraft

REVIEWERS = "Moderators"


class ReviewedPermissions(PagePermissionTester):
    """What the groups allow, except to publish past the review. Taking a page off the site stays possible."""

    def can_publish(self) -> bool:
        return False

    def can_publish_subpage(self) -> bool:
        return False


class ReviewedPageForm(AddressedPageForm):
    """Keeps lines ended as they were: a browser sends them with another ending, and whoever compares two drafts, or the digests
    of two versions, would see changes where nobody made any."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        # In place: the form of a page with drafts returns the same dictionary, whatever its bases return.
        for name, value in cleaned.items():
            if isinstance(value, str):
                cleaned[name] = value.replace("\r\n", "\n")
        return cleaned


class ReviewedPage(TitledInBoth):
    """A page of the catalogue: only the approval of its review publishes it."""

    class Meta:
        abstract = True

    def permissions_for_user(self, user: Any) -> ReviewedPermissions:
        return ReviewedPermissions(user, self)

    def publish(self, revision: Revision, user: Any = None, **options: Any) -> None:
        # The approval publishes in the name of who gave it. The editor's own button asks the permissions before it comes here.
        super().publish(revision, user, **(options | {"skip_permission_checks": True}))


#: What the editor's machinery writes into a revision beside the text; and the reviewers' own comments.
_BOOKKEEPING = frozenset(
    {
        "pk", "live_revision", "latest_revision", "latest_revision_created_at", "has_unpublished_changes", "draft_title",
        "first_published_at", "last_published_at", "path", "depth", "numchild", "url_path", "wagtail_admin_comments",
    }
)  # fmt: skip


def _substance(revision: Revision | None) -> str:
    """What a reader would see of a revision."""
    content = revision.content if revision is not None else {}
    return json.dumps({name: value for name, value in content.items() if name not in _BOOKKEEPING}, sort_keys=True)


def has_drafted(user: Any, page: Page) -> bool:
    """Whether something that ``user`` wrote would be published with the page's present draft.

    Pressing "approve" or "request changes" in the editor stores a revision too: one that changes no word counts for nothing.
    """
    before = _substance(page.live_revision)
    for revision in page.revisions.filter(pk__gt=page.live_revision_id or 0).order_by("pk"):
        now = _substance(revision)
        if revision.user_id == user.pk and now != before:
            return True
        before = now
    return False


class SecondPersonApproval(AbstractGroupApprovalTask):
    """Approval by a member of the chosen groups who neither asked for it nor wrote any part of what is approved."""

    def get_actions(self, obj: Any, user: Any) -> list[tuple[str, Any, bool]]:
        state = obj.current_workflow_state
        if (state is not None and state.requested_by_id == user.pk) or has_drafted(user, obj):
            return []
        actions: list[tuple[str, Any, bool]] = super().get_actions(obj, user)
        return actions

    def on_action(self, task_state: TaskState, user: Any, action_name: str, **kwargs: Any) -> None:
        # Who changes the page in the editor and approves at the same press has just become one who drafted it.
        if action_name == "approve" and has_drafted(user, task_state.workflow_state.content_object):
            raise OwnDraft
        super().on_action(task_state, user, action_name, **kwargs)

    def get_task_states_user_can_moderate(self, user: Any, **kwargs: Any) -> QuerySet[TaskState]:
        states: QuerySet[TaskState] = super().get_task_states_user_can_moderate(user, **kwargs)
        states = states.exclude(workflow_state__requested_by=user)
        touched = Revision.objects.filter(
            base_content_type=ContentType.objects.get_for_model(Page),
            object_id=OuterRef("revision__object_id"),
            user=user,
        )
        own = [
            state.pk
            for state in states.filter(Exists(touched)).select_related("workflow_state")
            if has_drafted(user, state.workflow_state.content_object)
        ]
        return states.exclude(pk__in=own)

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
