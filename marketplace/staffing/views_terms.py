"""On what terms a lawyer may be proposed, at one place, with what each means today."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.accounts.models import PractitionerProfile
from marketplace.accounts.services import update_practitioner_profile
from marketplace.core import clock

from . import selectors
from .forms import TermsForm
from .teams.freezing import most_teams, teams_of_person
from .teams.services import set_most_teams
from .views import me

_KEPT = ("longitude", "latitude", "specialties", "about", "about_en")


@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: HttpRequest) -> HttpResponse:
    """The five terms; place and fields of law are changed in the practice profile, which must be begun first."""
    user = me(request)
    profile = PractitionerProfile.objects.filter(user=user).select_related("region").first()
    if profile is None:
        return redirect("accounts:practice")
    initial = {name: getattr(profile, name) for name in TermsForm.base_fields if name != "most_teams"}
    initial["most_teams"] = most_teams([user.pk])[user.pk]
    form = TermsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        kept = {name: getattr(profile, name) for name in _KEPT}
        given = dict(form.cleaned_data)
        teams = given.pop("most_teams")
        with transaction.atomic():
            update_practitioner_profile(actor=user, region=profile.region, now=clock.now(), **kept, **given)
            set_most_teams(actor=user, most_teams=teams, now=clock.now())
        messages.success(request, _("Saved. The next computation goes by it."))
        return redirect("staffing:terms")
    status = 422 if request.method == "POST" else 200
    sits, asked = teams_of_person(user.pk, clock.today())
    context = {
        "form": form,
        "profile": profile,
        "standing": selectors.standing(user, profile),
        "teams": {"sits": sits, "asked": asked, "free": max(initial["most_teams"] - sits - asked, 0)},
    }
    return render(request, "staffing/terms.html", context, status=status)
