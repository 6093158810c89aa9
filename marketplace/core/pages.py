"""What all pages that editors write have in common."""

from __future__ import annotations

from wagtail.models import Page

from .i18n import localized


class TitledInBoth(Page):
    """A page with an English title beside its Chinese one: who edits in English finds it by that in the admin's lists."""

    class Meta:
        abstract = True

    def get_admin_display_title(self) -> str:
        own: str = super().get_admin_display_title()
        shown = localized(self, "title")
        # A draft may have another Chinese title than the page that is live.
        return own if shown == self.title else shown
