"""This room's acts in words, for the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    "run.request": _("asked for a computation"),
    "run.start": _("started computing"),
    "run.finish": _("finished computing"),
    "run.fail": _("stopped: the computation did not succeed"),
    "run.cancel": _("gave the computation up"),
    "run.publish": _("sent the proposals"),
    "assignment.propose": _("proposed the post to a lawyer"),
    "assignment.accept": _("accepted the post"),
    "assignment.decline": _("declined the post"),
    "assignment.expire": _("let the time to answer pass"),
    "assignment.withdraw": _("withdrew the proposal"),
    "assignment.end": _("no longer serves the post"),
    "contract.call_volunteers": _("called for volunteers"),
}

DATA = {
    "digest": _("digest of the problem"),
    "posts": _("posts"),
    "people": _("lawyers in the computation"),
    "filled": _("posts filled"),
    "empty": _("posts left empty"),
    "attempt": _("start number"),
    "superseded": _("replaced by a newer one"),
    "proposed": _("proposals sent"),
    "withdrawn": _("proposals not sent"),
    "respond_by": _("answer due"),
    "opportunities": _("calls for volunteers"),
}
