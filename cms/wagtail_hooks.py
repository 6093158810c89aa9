"""What the editors' administration shows of ours."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.ui.components import Component
from wagtail.models import Page

from .models import HomePage


class NewPagesPanel(Component):
    """The first step from the administration's start page: what the editor may add, under which section."""

    name = "new_pages"
    template_name = "cms/editing/new_pages.html"
    order = 150

    def get_context_data(self, parent_context: Any) -> dict[str, Any]:
        user = parent_context["request"].user
        sections = Page.objects.child_of(HomePage.objects.get()).specific() if HomePage.objects.exists() else []
        return {
            "heading": _("Add a page"),
            "kinds": [
                (model._meta.app_label, model._meta.model_name, section.pk, capfirst(model._meta.verbose_name))
                for section in sections
                if section.permissions_for_user(user).can_add_subpage()
                for model in section.creatable_subpage_models()
            ],
        }


def add_new_pages_panel(request: HttpRequest, panels: list[Any]) -> None:
    panels.append(NewPagesPanel())


hooks.register("construct_homepage_panels", add_new_pages_panel)
