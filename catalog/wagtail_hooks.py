"""What the editors' administration asks the catalogue: before it deletes pages, and where a product's uses are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.admin_url_finder import register_admin_url_finder
from wagtail.models import Page

from .errors import ProductCited
from .models import ProductVersion
from .services import check_deletable


def keep_what_is_cited(request: HttpRequest, page: Page) -> HttpResponse | None:
    return _refusal(request, [page], "wagtailadmin_pages:edit", page.pk)


def keep_what_is_cited_among_many(
    request: HttpRequest, action_type: str, objects: Iterable[Any], action: Any
) -> HttpResponse | None:
    if action_type != "delete" or not issubclass(action.model, Page):
        return None
    return _refusal(request, objects, action.next_url)


def _refusal(request: HttpRequest, pages: Iterable[Page], *back: Any) -> HttpResponse | None:
    try:
        check_deletable(pages=pages)
    except ProductCited as refusal:
        messages.error(request, str(refusal))
        return redirect(*back)
    return None


class VersionFinder:
    """Among the uses of a product each frozen version leads to its page: nobody edits one."""

    def __init__(self, user: Any = None) -> None:
        pass

    def get_edit_url(self, version: ProductVersion) -> str:
        return reverse("catalog:version", args=[version.pk])


register_admin_url_finder(ProductVersion, VersionFinder)
hooks.register("before_delete_page", keep_what_is_cited)
hooks.register("before_bulk_action", keep_what_is_cited_among_many)
