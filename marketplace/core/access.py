"""Pages are private unless they opt out, and refusals become messages.

``AccessMiddleware`` sends a stranger to the login page for every view that is not marked ``@public_page``.
After signing in the person is back on a page that can be read, never on the address of a form.
``DomainErrorMiddleware`` turns a ``DomainError`` that no form has caught into a message on the page the person
came from, or into a plain refusal page; never into a 500. So does it with text that cannot be stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from .errors import DomainError

V = TypeVar("V", bound=Callable[..., Any])


def public_page(view: V) -> V:
    """Mark ``view`` as open to everybody."""
    view.is_public_page = True  # type: ignore[attr-defined]
    return view


# Third-party views that the public needs: login and sign-up, pages of the CMS, uploaded documents and images.
_PUBLIC_MODULES = (
    "allauth.",
    "wagtail.views",
    "wagtail.documents.views.serve",
    "wagtail.images.views.serve",
    "wagtail.contrib.sitemaps",
    "django.views.i18n",
    "django.views.static",
    "django.contrib.staticfiles",
    # These two bring their own login and permission checks.
    "wagtail.",
    "django.contrib.admin",
)


class AccessMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if request.user.is_authenticated or _is_public(view):
            return None
        return redirect_to_login(_way_back(request), settings.LOGIN_URL)


def _way_back(request: HttpRequest) -> str:
    """Where a stranger goes on after signing in: what was asked for or, since the address of a form cannot be read, the
    page that the form stood on."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return settings.LOGIN_REDIRECT_URL
    parts = urlsplit(page)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _is_public(view: Callable[..., Any]) -> bool:
    if getattr(view, "is_public_page", False):
        return True
    target = getattr(view, "view_class", view)
    if getattr(target, "is_public_page", False):
        return True
    module: str = getattr(target, "__module__", "") or ""
    return module.startswith(_PUBLIC_MODULES)


class WrongMethodMiddleware:
    """Who signs in again on the way to a button's address arrives by GET: a page says so, where Django's answer is blank."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.streaming or response.content:
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page


class DomainErrorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DataError) and "NUL" in str(exception):
            # A character that no keyboard types and no text of the database holds: a broken link, or somebody probing.
            return render(request, "400.html", status=400)
        if not isinstance(exception, DomainError):
            return None
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"code": exception.code, "message": str(exception)}, status=exception.http_status)
        back = request.headers.get("Referer", "")
        same_site = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
        # Back to where the person was, unless that is this very page read by GET (it would loop).
        if same_site and not (request.method == "GET" and urlsplit(back).path == request.path):
            messages.error(request, str(exception))
            return HttpResponseRedirect(back)
        return render(request, "core/refused.html", {"error": exception}, status=exception.http_status)
