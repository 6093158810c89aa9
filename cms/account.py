"""The editors' own page in the administration, without what belongs to the site's own account page.

Wagtail's page asks for a first and a last name, which nobody here has: a person has one name, and the account page keeps it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.views.account import AccountView, BaseSettingsPanel, NameEmailSettingsPanel


class NamePanel(BaseSettingsPanel):
    """The person's name, to be read; and the way to where it is changed."""

    name = "name"
    title = _("Your name")
    order = NameEmailSettingsPanel.order
    template_name = "cms/editing/name_panel.html"

    def get_form(self) -> forms.Form:
        return forms.Form()


class EditorAccountView(AccountView):
    def get_panels(self) -> list[Any]:
        return [
            NamePanel(panel.request, panel.user, panel.profile) if isinstance(panel, NameEmailSettingsPanel) else panel
            for panel in super().get_panels()
        ]
