"""Organisations: finding, registering, joining, and the administrator's table of members."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.forms import HiddenInput, model_to_dict
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.regions.search import path_words
from marketplace.regions.selectors import paths

from . import identifiers, rules, selectors, services
from .access import SignedIn
from .forms import JOINING_ROLES, InviteForm, OrganisationDetailsForm, OrganisationForm, RoleForm, accepted
from .models import Organisation, OrganisationKind, Role
from .picking import propose_organisations
from .states import MembershipState, OrganisationState

PAGE_SIZE = 25
_form_page = require_http_methods(["GET", "HEAD", "POST"])


@public_page
@require_safe
def find(request: HttpRequest) -> HttpResponseBase:
    """Organisations by name, kind or credit code."""
    words, kind = request.GET.get("q", "").strip()[:120], request.GET.get("kind", "")
    found = Organisation.objects.exclude(state=OrganisationState.CLOSED).select_related("region")
    if words:
        found = found.filter(
            Q(name__icontains=words) | Q(name_en__icontains=words) | Q(credit_code=identifiers.compact(words))
        )
    if kind in OrganisationKind.values:
        found = found.filter(kind=kind)
    found = found.order_by("name", "pk")
    if request.GET.get("format") == "csv":
        return _organisations_csv(found)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    # The name of a village committee says its village; which of several so called, says what is above it.
    above = paths(each.region for each in page)
    return render(
        request,
        "accounts/organisations.html",
        {
            "rows": [(each, path_words([*above[each.region_id][-2:], each.region])) for each in page],
            "page": page,
            "words": words,
            "kind": kind,
            "kinds": OrganisationKind.choices,
        },
    )


def _organisations_csv(found: QuerySet[Organisation]) -> HttpResponseBase:
    header = [
        pgettext("organisation", "Name"),
        _("Kind"),
        _("Credit code"),
        _("Seat or area"),
        _("Address"),
        _("Telephone"),
        _("State"),
    ]
    rows = (
        (
            localized(o, "name"),
            o.get_kind_display(),
            o.credit_code,
            localized(o.region, "name"),
            o.address,
            o.phone,
            o.get_state_display(),
        )
        for o in found.iterator(chunk_size=1_000)
    )
    return csv_response("organisations.csv", header, rows)


@public_page
@require_safe
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    """What everybody may know of an organisation."""
    found = get_object_or_404(Organisation.objects.select_related("region"), pk=pk)
    today, user = clock.today(), request.user
    cards = selectors.public_cards(today).filter(pk__in=selectors.practitioners_of(found, today).values("pk"))
    return render(
        request,
        "accounts/organisation.html",
        {
            "organisation": found,
            "cards": Paginator(cards.order_by("display_name", "pk"), PAGE_SIZE).get_page(request.GET.get("page")),
            "sanctions": selectors.sanctions_on(today).filter(organisation=found),
            "may_exclude": user.is_authenticated and rules.can_impose_sanction(user, found),
            "is_member": rules.has_role(user, found),
            "may_manage": user.is_authenticated and rules.can_manage_members(user, found),
            "may_verify": user.is_authenticated
            and found.state == OrganisationState.REGISTERED
            and rules.can_verify_organisation(user, found),
            "may_join": user.is_authenticated and found.state != OrganisationState.CLOSED,
        },
    )


@require_safe
def suggest(request: SignedIn) -> HttpResponse:
    """Proposals for the input of an organisation: all of them, as in the public list."""
    return propose_organisations(request, Organisation.objects.all())


@_form_page
def register(request: SignedIn) -> HttpResponse:
    form = OrganisationForm(request.POST or None, actor=request.user)
    made: list[Organisation] = []
    if form.is_valid() and accepted(
        form,
        lambda: made.append(services.register_organisation(actor=request.user, now=clock.now(), **form.cleaned_data)),
    ):
        messages.success(
            request,
            _("%(name)s is registered and may bid from this moment. You are its administrator.")
            % {"name": localized(made[0], "name")}
            if made[0].kind not in rules.PUBLIC_KINDS
            else _("%(name)s is registered. You are its administrator: invite those who will act for it.")
            % {"name": localized(made[0], "name")},
        )
        # Whoever came from a bid goes on with it.
        onward = request.GET.get("next", "")
        if url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure()):
            return redirect(onward)
        return redirect("accounts:members", pk=made[0].pk)
    return render(request, "accounts/register.html", {"form": form})


@_form_page
def edit(request: SignedIn, pk: int) -> HttpResponse:
    """The entry as its administrator keeps it."""
    found = get_object_or_404(Organisation.objects.select_related("region"), pk=pk)
    if not rules.can_manage_members(request.user, found):
        raise Http404
    form = OrganisationDetailsForm(request.POST or None, initial=model_to_dict(found))
    if found.kind in rules.PUBLIC_KINDS:
        form.fields["small_or_micro"].widget = HiddenInput()
        if not rules.can_register_public_body(request.user, found.region):
            for name in ("name", "region"):
                form.fields[name].disabled = True
                form.fields[name].help_text = _("Changed by the supervising authority.")
    if form.is_valid() and accepted(
        form,
        lambda: services.revise_organisation(
            actor=request.user, organisation=found, now=clock.now(), **form.cleaned_data
        ),
    ):
        messages.success(request, _("Saved."))
        return redirect("accounts:organisation", pk)
    return render(request, "accounts/organisation_edit.html", {"form": form, "organisation": found})


@_form_page
def join(request: SignedIn, pk: int) -> HttpResponse:
    found = get_object_or_404(Organisation.objects.exclude(state=OrganisationState.CLOSED), pk=pk)
    usual = JOINING_ROLES.get(OrganisationKind(found.kind), Role.LAWYER)
    held = [Role(m.role) for m in rules.memberships_of(request.user) if m.organisation_id == found.pk]
    form = RoleForm(request.POST or None, organisation=found, held=held, initial={"role": usual})
    if form.is_valid() and accepted(
        form,
        lambda: services.request_membership(
            actor=request.user, organisation=found, role=form.cleaned_data["role"], now=clock.now()
        ),
    ):
        messages.success(
            request, _("Asked. An administrator of %(name)s decides.") % {"name": localized(found, "name")}
        )
        return redirect("accounts:profile")
    return render(request, "accounts/join.html", {"form": form, "organisation": found, "held": held})


@_form_page
def members(request: SignedIn, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Organisation, pk=pk)
    if not rules.can_manage_members(request.user, found):
        raise Http404
    usual = JOINING_ROLES.get(OrganisationKind(found.kind), Role.LAWYER)
    form = InviteForm(request.POST or None, organisation=found, initial={"role": usual})
    if form.is_valid():
        person, role = form.cleaned_data["person"], form.cleaned_data["role"]
        if accepted(
            form,
            lambda: services.invite_member(
                actor=request.user, organisation=found, person=person, role=role, now=clock.now()
            ),
        ):
            messages.success(request, _("%(name)s has been invited.") % {"name": localized(person, "display_name")})
            return redirect("accounts:members", pk=pk)
    rows = found.memberships.select_related("user").order_by("state", "role", "user__display_name", "pk")
    live = rows.exclude(state=MembershipState.ENDED)
    if request.GET.get("format") == "csv":
        return _as_table(rows)
    waiting = live.filter(state=MembershipState.REQUESTED)
    others = live.exclude(state=MembershipState.REQUESTED)
    page = Paginator(others, PAGE_SIZE).get_page(request.GET.get("page"))
    people = {m.user_id for m in (*waiting, *page)}
    return render(
        request,
        "accounts/members.html",
        {
            "organisation": found,
            "form": form,
            "roles": rules.ROLES_OF_KIND[OrganisationKind(found.kind)],
            "waiting": waiting,
            "page": page,
            "cards": set(selectors.public_cards(clock.today()).filter(pk__in=people).values_list("pk", flat=True)),
        },
    )


def _as_table(rows: Any) -> HttpResponseBase:
    header = [pgettext("person", "Name"), _("User name"), _("Role"), _("State"), _("From"), _("Until")]
    return csv_response(
        "members.csv",
        header,
        (
            (str(m.user), m.user.username, m.get_role_display(), m.get_state_display(), m.valid_from, m.valid_to)
            for m in rows.iterator(chunk_size=1_000)
        ),
    )


@require_POST
def membership(request: SignedIn, pk: int, action: str) -> HttpResponse:
    """Accept one's invitation, let somebody in, or end a membership. Who sees the membership comes this far."""
    found = get_object_or_404(rules.visible_memberships(request.user).select_related("organisation"), pk=pk)
    now = clock.now()
    own = found.user_id == request.user.pk
    if action == "accept":
        services.accept_membership(actor=request.user, membership=found, now=now)
        messages.success(request, _("Welcome to %(name)s.") % {"name": localized(found.organisation, "name")})
    elif action == "approve":
        services.approve_membership(actor=request.user, membership=found, now=now)
        messages.success(request, _("%(name)s has joined.") % {"name": localized(found.user, "display_name")})
    else:
        reason = request.POST.get("reason", "")[:500]
        services.end_membership(actor=request.user, membership=found, now=now, reason=reason)
        messages.success(request, _("Ended."))
    if own:
        return redirect("accounts:profile")
    return redirect("accounts:members", pk=found.organisation_id)
