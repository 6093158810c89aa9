"""The second factor, for approving, opening bids and paying."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from marketplace.core.access import public_page

from .models import User

V = TypeVar("V", bound=Callable[..., HttpResponseBase])


class SignedIn(HttpRequest):
    """The type of a request to a private page: ``AccessMiddleware`` lets nobody through who is not signed in."""

    user: User


def second_factor(view: V) -> V:
    """Let through only who has set up a second factor and proved to be himself in the last minutes.

    Does nothing where ``settings.MFA_REQUIRED`` is off (the demonstration). Who is sent to prove himself comes back
    to the page and acts again: what was typed is not kept in between, for it may be a passphrase.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.MFA_REQUIRED:
            return view(request, *args, **kwargs)
        if not is_mfa_enabled(request.user):
            messages.warning(
                request,
                _("This step needs two-step verification. Set it up here, it takes two minutes; then come back."),
            )
            return _send(reverse("mfa_index"), request)
        if not did_recently_reauthenticate(request):
            messages.info(request, _("Please verify your identity again, then repeat the step."))
            return _send(reverse("account_reauthenticate"), request)
        return view(request, *args, **kwargs)

    return guarded  # type: ignore[return-value]


@public_page
def one_door(request: HttpRequest) -> HttpResponseRedirect:
    """In place of the log-ins that Wagtail and Django's admin bring: these know neither second step nor count of tries."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next", settings.LOGIN_REDIRECT_URL), settings.LOGIN_URL)


def has_second_factor(user: Any) -> bool:
    return bool(is_mfa_enabled(user))


def _send(to: str, request: HttpRequest) -> HttpResponseRedirect:
    back = request.get_full_path()
    if request.method != "GET":
        referer = request.headers.get("Referer", "")
        same_site = url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure())
        parts = urlsplit(referer)
        back = (f"{parts.path}?{parts.query}" if parts.query else parts.path) if same_site else "/workspace/"
    return HttpResponseRedirect(f"{to}?{urlencode({'next': back})}")
