"""The form of every page that editors write."""

from __future__ import annotations

from typing import Any

from django.utils.text import slugify
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.models import Page


class AddressedPageForm(WagtailAdminPageForm):
    """A page whose address nobody has to think of: it comes from the English title, and from the Chinese one where there is none.

    The editor's browser makes one of Latin letters only, so that a Chinese title left the page without an address, and the editor
    before a refusal on another tab.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        address = slugify(given.get("title_en") or "")
        if not given.get("slug") and address and Page._slug_is_available(address, self.parent_page, self.instance):
            given["slug"] = address
        cleaned: dict[str, Any] = super().clean()
        return cleaned
