"""This room's acts in words, for the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ACTIONS = {
    "organisation.register": _("registered the organisation"),
    "organisation.verify": _("verified the organisation"),
    "organisation.revise": _("changed name or seat, which are checked again"),
    "organisation.update": _("changed the organisation's details"),
    "organisation.close": _("closed the organisation"),
    "membership.begin": _("took up the role"),
    "membership.invite": _("invited a member"),
    "membership.request": _("asked to join"),
    "membership.accept": _("accepted the invitation"),
    "membership.approve": _("approved the request to join"),
    "membership.end": _("ended the membership"),
    "person.agree": _("agreed to the privacy notice"),
    "person.update": _("changed personal details"),
    "person.identify": _("entered the identity number"),
    "person.erase_identity": _("erased the identity number"),
    "person.export": _("exported personal data"),
    "person.reset_second_factor": _("had two-step verification removed by the operator"),
    "credential.submit": _("submitted a credential"),
    "credential.resubmit": _("resubmitted the credential"),
    "credential.verify": _("verified the credential"),
    "credential.reject": _("returned the credential"),
    "credential.revoke": _("revoked the credential"),
    "practice.create": _("created a practice profile"),
    "practice.update": _("changed the practice profile"),
    "holder_key.set": _("set the passphrase of a key-holder"),
    "relation.declare": _("declared a connection"),
    "sanction.impose": _("imposed an exclusion"),
    "sanction.lift": _("lifted the exclusion"),
}

DATA = {
    "capacity": pgettext_lazy("practice", "maximum villages"),
    "fields": _("changed fields"),
    "kind": _("kind"),
    "notice": _("notice"),
    "open_to_posts": _("may be proposed for posts"),
    "organisation": _("organisation"),
    "person": _("person"),
    "retired": _("older keys retired"),
    "role": _("role"),
    "basis": pgettext_lazy("sanction", "legal basis"),
}
