"""One's own account: who I am, what I hold, what I may do."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.audit.selectors import readable_trail
from marketplace.core import clock
from marketplace.core.access import public_page

from . import personas, rules, selectors, services
from .access import SignedIn, has_second_factor, second_factor
from .forms import IdNumberForm, PassphraseForm, PersonForm, PractitionerForm, RelationForm, accepted
from .models import (
    CredentialKind,
    DeclaredRelation,
    Organisation,
    PractitionerProfile,
    Role,
    Specialty,
    SpokenLanguage,
    User,
)
from .privacy import export_my_data
from .states import MembershipState
from .workspace import RENEWAL_DAYS

_form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def profile(request: SignedIn) -> HttpResponse:
    user = request.user
    return render(
        request,
        "accounts/profile.html",
        {
            "person": User.objects.select_related("home_region").get(pk=user.pk),
            "memberships": user.memberships.exclude(state=MembershipState.ENDED).select_related("organisation"),
            "credentials": user.credentials.annotate(renewed=selectors.renewed()).order_by("-submitted_at"),
            "today": clock.today(),
            "renew_until": clock.today() + timedelta(days=RENEWAL_DAYS),
            "practice": PractitionerProfile.objects.filter(user=user).select_related("region").first(),
            "protected": has_second_factor(user),
            "must_be_protected": settings.MFA_REQUIRED and bool(rules.roles_of(user) & rules.PROTECTED_ROLES),
            "is_key_holder": Role.KEY_HOLDER in rules.roles_of(user),
            "holder_key": selectors.holder_key(user),
            "may_review": rules.can_review(user),
            "sanctions": selectors.sanctions_on(clock.today()).filter(user=user),
            "may_exclude": rules.is_any_supervisor(user),
            "on_record": readable_trail(user, "accounts.user", user.pk).exists(),
        },
    )


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """After signing up: what did you come for?"""
    return render(request, "accounts/start.html")


@_form_page
def edit(request: SignedIn) -> HttpResponse:
    user = request.user
    initial = {name: getattr(user, name) for name in ("display_name", "display_name_en", "phone", "home_region")}
    form = PersonForm(request.POST or None, initial=initial)
    if form.is_valid() and accepted(
        form, lambda: services.update_person(actor=user, now=clock.now(), **form.cleaned_data)
    ):
        messages.success(request, _("Saved."))
        return redirect("accounts:profile")
    return render(request, "accounts/edit.html", {"form": form})


@_form_page
def identity(request: SignedIn) -> HttpResponse:
    user = request.user
    if request.method == "POST" and "erase" in request.POST:
        services.set_id_number(actor=user, number="", now=clock.now())
        messages.success(request, _("Your identity number has been erased."))
        return redirect("accounts:profile")
    form = IdNumberForm(request.POST or None)
    if form.is_valid() and accepted(
        form, lambda: services.set_id_number(actor=user, number=form.cleaned_data["number"], now=clock.now())
    ):
        messages.success(request, _("Your identity number is stored, encrypted."))
        return redirect("accounts:profile")
    return render(request, "accounts/identity.html", {"form": form, "number": user.id_number})


@_form_page
def practice(request: SignedIn) -> HttpResponse:
    user = request.user
    existing = PractitionerProfile.objects.filter(user=user).select_related("region").first()
    initial = PractitionerForm.initial_from(existing) if existing else {"languages": ["cmn"]}
    form = PractitionerForm(request.POST or None, initial=initial)
    if form.is_valid() and accepted(
        form, lambda: services.update_practitioner_profile(actor=user, now=clock.now(), **form.cleaned_data)
    ):
        if not user.credentials.exists():
            messages.success(request, _("Your practice profile is saved. Now submit your licence details."))
            return redirect("accounts:credential_submit")
        messages.success(request, _("Your practice profile is saved."))
        return redirect("accounts:profile")
    has_card = selectors.public_cards(clock.today()).filter(pk=user.pk).exists()
    return render(request, "accounts/practice.html", {"form": form, "has_card": has_card})


@_form_page
@second_factor
def holder_key(request: SignedIn) -> HttpResponse:
    user = request.user
    if not rules.roles_of(user) & {Role.KEY_HOLDER}:
        raise Http404
    form = PassphraseForm(request.POST or None)
    if form.is_valid() and form.save(user):
        messages.success(request, _("Your key is set. From now on tenders can be sealed to you."))
        return redirect("accounts:profile")
    return render(request, "accounts/holder_key.html", {"form": form, "key": selectors.holder_key(user)})


@_form_page
def relations(request: SignedIn) -> HttpResponse:
    user = request.user
    # The organisation's own page leads here with its number.
    chosen = request.GET.get("organisation", "")
    initial = {"organisation": Organisation.objects.filter(pk=chosen).first()} if chosen.isdecimal() else {}
    form = RelationForm(request.POST or None, initial=initial)
    if form.is_valid() and accepted(
        form, lambda: services.declare_relation(actor=user, now=clock.now(), **form.cleaned_data)
    ):
        messages.success(request, _("Declared. You will not be asked to evaluate this organisation's bids."))
        return redirect("accounts:relations")
    declared = DeclaredRelation.objects.filter(user=user).select_related("organisation")
    return render(request, "accounts/relations.html", {"form": form, "relations": declared})


@_form_page
def my_data(request: SignedIn) -> HttpResponse:
    """Explains on GET, hands over the file on POST (it leaves a trace)."""
    if request.method != "POST":
        return render(request, "accounts/my_data.html")
    data = export_my_data(actor=request.user, now=clock.now())
    response = JsonResponse(data, encoder=DjangoJSONEncoder, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    response["Cache-Control"] = "no-store"
    return response


@public_page
@require_safe
def practitioner(request: HttpRequest, pk: int) -> HttpResponse:
    """The public card of somebody who serves: no phone, no address, no number."""
    today = clock.today()
    person = get_object_or_404(
        selectors.public_cards(today).select_related("practitioner", "practitioner__region"),
        pk=pk,
    )
    credentials = selectors.valid_credentials(today).filter(user=person).order_by("kind")
    return render(
        request,
        "accounts/practitioner.html",
        {
            "person": person,
            "practice": person.practitioner,
            "organisations": rules.organisations_of(person, Role.LAWYER),
            "fields": [Specialty(value).label for value in person.practitioner.specialties],
            "languages": [SpokenLanguage(value).label for value in person.practitioner.languages],
            "credentials": credentials,
            "professions": [CredentialKind(each.kind).profession for each in credentials],
            "may_exclude": rules.is_any_supervisor(request.user) and rules.can_impose_sanction(request.user, person),
        },
    )


# The demonstration


@public_page
@require_POST
def persona(request: HttpRequest, username: str) -> HttpResponse:
    """Act as one of the invented people, without a password. Elsewhere this address does not exist."""
    if username not in {p.username for p in personas.read()}:
        raise Http404
    user = get_object_or_404(User, username=username, is_active=True)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect(settings.LOGIN_REDIRECT_URL)


@public_page
@require_POST
def visitor(request: HttpRequest) -> HttpResponse:
    if not settings.DEMO:
        raise Http404
    logout(request)
    return redirect("/")
