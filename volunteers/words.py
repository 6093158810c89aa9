"""What a call says about its place, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from marketplace.core.i18n import localized
from marketplace.core.words import gap_words

from .models import Opportunity


def meeting_words(opportunity: Opportunity) -> str:
    """``Where to meet: …. Telephone for questions: 0855-0000000.``; nothing where nothing was said."""
    said = []
    if opportunity.meeting_point:
        said.append(_("Where to meet: %(point)s.") % {"point": localized(opportunity, "meeting_point").rstrip(".。")})
    if opportunity.contact_phone:
        said.append(_("Telephone for questions: %(phone)s.") % {"phone": opportunity.contact_phone})
    return gap_words().join(said)
