"""Why a post is free: who served it last or was asked for it, and why no longer.

What somebody said when he left a post stands in the record of the post; what he said when he declined, in his proposal. Both are
for those who see a contract's staffing with names (``rules.visible_contracts``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.selectors import Leaving, leavings
from marketplace.core.bulk import among
from marketplace.core.i18n import localized
from marketplace.core.words import day_words

from .models import Assignment, without_documents
from .states import LEFT_FREE, AssignmentState

#: (post, person) → how the person left it, each time
Left = Mapping[tuple[int, int], Sequence[Leaving]]


@dataclass(frozen=True, slots=True)
class Before:
    """Who served a vacant post last or was asked for it, and why no longer, in words."""

    person: User
    why: str


def before(posts: Iterable[Post]) -> dict[int, Before]:
    """Vacant post → the last one who served it or was asked for it; left out where nobody was. Three queries."""
    keys = among([post.pk for post in posts])
    asked = {
        each.post_id: each
        for each in Assignment.objects.filter(post__in=keys, state__in=LEFT_FREE, respond_by__isnull=False)
        .select_related("person", "run")
        .defer("reason", *without_documents("run"))
        .order_by("pk")
    }
    left: dict[int, Leaving] = {}
    for leaving in chain.from_iterable(leavings(Post.objects.filter(pk__in=keys)).values()):
        known = left.get(leaving.post_id)
        if known is None or known.at < leaving.at:
            left[leaving.post_id] = leaving
    people = User.objects.in_bulk({leaving.person_id for leaving in left.values()})
    found = {post: Before(each.person, why_left(each, {})) for post, each in asked.items() if not _later(left, each)}
    for post, leaving in left.items():
        if post not in found:
            found[post] = Before(people[leaving.person_id], leaving_words(leaving))
    return found


def _later(left: dict[int, Leaving], asked: Assignment) -> bool:
    """Whether somebody left the post after ``asked`` was computed: he served meanwhile, or is the one who was asked."""
    leaving, computed = left.get(asked.post_id), asked.run.finished_at
    return leaving is not None and (computed is None or leaving.at > computed)


def left_of(contract: Contract) -> Left:
    """How people left the posts of ``contract``. One query."""
    return leavings(Post.objects.filter(contract=contract))


def ending(assignment: Assignment) -> str:
    """How who accepted left the post again, in words; empty while he serves or where no record says. One query at most."""
    if assignment.state != AssignmentState.ENDED:
        return ""
    leaving = _left(assignment, leavings(Post.objects.filter(pk=assignment.post_id)))
    return leaving_words(leaving) if leaving is not None else ""


def _left(assignment: Assignment, left: Left) -> Leaving | None:
    """How who accepted ``assignment`` left its post again: the same person may have come and gone before and since.

    None where the post was closed under them.
    """
    since = assignment.answered_at
    those = left.get((assignment.post_id, assignment.person_id), ())
    return next((leaving for leaving in those if since is not None and leaving.at >= since), None)


def why_left(earlier: Assignment, left: Left) -> str:
    """Why the one before serves or would serve the post no longer."""
    leaving = _left(earlier, left) if earlier.state == AssignmentState.ENDED else None
    if leaving is not None:
        return leaving_words(leaving)
    said = {
        AssignmentState.DECLINED: _("declined"),
        AssignmentState.EXPIRED: _("did not answer in time"),
        AssignmentState.WITHDRAWN: _("the proposal was withdrawn"),
        AssignmentState.ENDED: _("left the post") if earlier.team_id is None else _("left the team"),
    }.get(AssignmentState(earlier.state), earlier.get_state_display())
    return _quoting(said, earlier.answer_note)


def leaving_words(leaving: Leaving) -> str:
    """gave the post up on 3 May: “too far”; Yang Xiulan made the post vacant on 3 May: “moved to another office”"""
    day = day_words(timezone.localdate(leaving.at))
    if leaving.by_himself:
        said = _("gave the post up on %(day)s") % {"day": day}
    elif leaving.actor is None:
        said = _("the post was made vacant on %(day)s") % {"day": day}
    else:
        actor = localized(leaving.actor, "display_name")
        said = _("%(actor)s made the post vacant on %(day)s") % {"actor": actor, "day": day}
    return _quoting(said, leaving.reason)


def _quoting(said: str, note: str) -> str:
    return _("%(what)s: “%(note)s”") % {"what": said, "note": note.strip()} if note.strip() else said
