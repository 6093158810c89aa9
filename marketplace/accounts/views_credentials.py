"""Credentials: handing in, and the bureau's review."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.core import clock
from marketplace.core.i18n import localized

from . import rules, services
from .access import SignedIn
from .forms import CredentialForm, ReviewForm, accepted
from .models import Credential, Organisation
from .states import CredentialState, OrganisationState

PAGE_SIZE = 25
_form_page = require_http_methods(["GET", "HEAD", "POST"])


@_form_page
def submit(request: SignedIn, pk: int | None = None) -> HttpResponse:
    """A new credential, or with ``pk`` one that was returned."""
    replaces = None
    initial = {}
    if pk is not None:
        replaces = get_object_or_404(Credential, pk=pk, user=request.user, state=CredentialState.REJECTED)
        initial = {name: getattr(replaces, name) for name in CredentialForm.base_fields}
    elif request.GET.get("renews", "").isdecimal():
        # A renewed licence keeps kind, number and issuer.
        old = get_object_or_404(Credential, pk=request.GET["renews"], user=request.user)
        initial = {"kind": old.kind, "number": old.number, "issuer": old.issuer}
    form = CredentialForm(request.POST or None, initial=initial)
    if form.is_valid() and accepted(
        form,
        lambda: services.submit_credential(actor=request.user, now=clock.now(), replaces=replaces, **form.cleaned_data),
    ):
        messages.success(
            request, _("Submitted. The justice bureau of your office reviews it; you will find the answer here.")
        )
        return redirect("accounts:profile")
    # Without an office no bureau could be found to review it: better said before the form is filled in.
    homeless = rules.region_of_person(request.user) is None
    return render(
        request, "accounts/credential_submit.html", {"form": form, "replaces": replaces, "homeless": homeless}
    )


@require_safe
def review_queue(request: SignedIn) -> HttpResponse:
    user = request.user
    if not rules.can_review(user):
        raise Http404
    credentials = (
        rules.credentials_to_review(user)
        .filter(state=CredentialState.SUBMITTED)
        .select_related("user")
        .order_by("submitted_at", "pk")
    )
    organisations = (
        rules.organisations_to_verify(user)
        .filter(state=OrganisationState.REGISTERED)
        .select_related("region")
        .order_by("created_at", "pk")
    )
    tab = "organisations" if request.GET.get("tab") == "organisations" else "credentials"
    rows = organisations if tab == "organisations" else credentials
    return render(
        request,
        "accounts/review_queue.html",
        {
            "tab": tab,
            "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
            "counts": {"credentials": credentials.count(), "organisations": organisations.count()},
        },
    )


@_form_page
def review(request: SignedIn, pk: int) -> HttpResponse:
    credential = get_object_or_404(
        rules.credentials_to_review(request.user).select_related("user", "reviewed_by"), pk=pk
    )
    form = ReviewForm(request.POST or None)
    if form.is_valid():
        note, decision = form.cleaned_data["note"], request.POST.get("decision")
        done = {
            "verify": _("Verified. It counts from now."),
            "return": _("Returned with your note."),
            "revoke": _("Revoked. It has stopped counting."),
        }
        if decision not in done:
            raise Http404

        def decide() -> None:
            if decision == "revoke":
                services.revoke_credential(actor=request.user, credential=credential, reason=note, now=clock.now())
            else:
                services.review_credential(
                    actor=request.user, credential=credential, verified=decision == "verify", now=clock.now(), note=note
                )

        if accepted(form, decide):
            messages.success(request, done[decision])
            return redirect("accounts:review_queue")
    return render(
        request,
        "accounts/review.html",
        {
            "credential": credential,
            "form": form,
            "memberships": rules.memberships_of(credential.user),
            "expired": credential.valid_until < clock.today(),
        },
    )


@require_POST
def verify_organisation(request: SignedIn, pk: int) -> HttpResponse:
    organisation = get_object_or_404(Organisation, pk=pk)
    services.verify_organisation(
        actor=request.user, organisation=organisation, now=clock.now(), note=request.POST.get("note", "")[:500]
    )
    messages.success(request, _("%(name)s is verified.") % {"name": localized(organisation, "name")})
    return redirect("accounts:organisation", pk=pk)
