"""What people type about themselves and their organisations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.core import clock
from marketplace.core.errors import DomainError, PermissionRefused, StaleState
from marketplace.core.forms import capitalised
from marketplace.regions.forms import RegionField

from . import identifiers, rules, services
from .models import (
    CredentialKind,
    DeclaredRelation,
    Organisation,
    OrganisationKind,
    PractitionerProfile,
    RelationKind,
    Role,
    Specialty,
    SpokenLanguage,
    User,
)
from .picking import OrganisationField, PersonField


def accepted(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Do ``act``; a refusal that the person can mend becomes an error of the field it names, any other goes on up."""
    try:
        act()
    except (PermissionRefused, StaleState):
        raise
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    return True


class PersonForm(forms.Form):
    display_name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=60)
    display_name_en = forms.CharField(label=pgettext_lazy("person", "Name in English"), max_length=80, required=False)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        required=False,
        help_text=_("Stored encrypted. Shown to the organisers and villages you work with, nobody else."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    home_region = RegionField(
        label=pgettext_lazy("of a person", "Place of residence"),
        required=False,
        help_text=_("Village, township or county: we look for work nearby."),
    )


class IdNumberForm(forms.Form):
    number = forms.CharField(
        label=_("Identity number"),
        max_length=40,
        help_text=_("The number on your resident identity card: 18 characters, the last of which may be an X."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class OrganisationDetailsForm(forms.Form):
    """The entry of an organisation, as its administrator keeps it."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("As on the licence or certificate."))
    name_en = forms.CharField(label=_("Name in English"), max_length=160, required=False)
    region = RegionField(
        label=_("Seat"), help_text=_("County, township or village; for a public body the area it serves.")
    )
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    phone = forms.CharField(
        label=_("Telephone"),
        max_length=40,
        required=False,
        help_text=_("Office number; anyone can see it."),
        widget=forms.TextInput(attrs={"type": "tel"}),
    )
    head_name = forms.CharField(
        label=_("Head"),
        max_length=60,
        required=False,
        help_text=_("The legal representative or director; used to detect conflicts of interest."),
    )
    small_or_micro = forms.BooleanField(
        label=_("Small or micro enterprise"),
        required=False,
        help_text=_("You declare this yourself and answer for it; it counts for price deductions."),
    )


class OrganisationForm(OrganisationDetailsForm):
    """The same with what stays for good: its kind and its code."""

    kind = forms.ChoiceField(label=_("Kind"))
    credit_code = forms.CharField(
        label=_("Unified social credit code"),
        max_length=40,
        required=False,
        help_text=_("18 characters. A law firm's begins with 31."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("kind", "name", "name_en", "credit_code")

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        public = rules.is_any_supervisor(actor)
        kind: Any = self.fields["kind"]
        kind.choices = capitalised(
            choice for choice in OrganisationKind.choices if public or choice[0] not in rules.PUBLIC_KINDS
        )
        if not public:
            # Only a public body may be registered without its code, and only by whoever answers for its region.
            self.fields["credit_code"].required = True
            self.fields["region"].help_text = _("County, township or village of the office.")


class RoleForm(forms.Form):
    """A role that the organisation's kind has."""

    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, organisation: Organisation, held: Iterable[str] = (), **kwargs: Any) -> None:
        """``held``: the roles that the person has already."""
        super().__init__(*args, **kwargs)
        role: Any = self.fields["role"]
        role.choices = [(r.value, capfirst(r.label)) for r in rules.ROLES_OF_KIND[organisation.kind] if r not in held]


class InviteForm(RoleForm):
    person = forms.CharField(
        label=_("User name or e-mail"),
        max_length=150,
        help_text=_("They must already have an account and have to accept the invitation."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["person", "role"]

    def clean_person(self) -> User:
        name = identifiers.login_name(self.cleaned_data["person"])
        by_address = Q(emailaddress__email__iexact=name, emailaddress__verified=True)
        found = User.objects.filter(Q(username__iexact=name) | by_address, is_active=True).distinct().first()
        if found is None:
            raise forms.ValidationError(
                _("No account has this user name or confirmed e-mail address. Ask the person to register first.")
            )
        return found


class CredentialForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=capitalised(CredentialKind.choices))
    number = forms.CharField(
        label=_("Number"), max_length=40, help_text=_("As on the document. A lawyer's licence has 17 digits.")
    )
    issuer = forms.CharField(label=_("Issued by"), max_length=120)
    valid_from = forms.DateField(label=pgettext_lazy("credential", "Valid from"), widget=forms.DateInput)
    valid_until = forms.DateField(
        label=_("Valid until"),
        widget=forms.DateInput,
        help_text=_("The last day, or the day of the next annual assessment."),
    )


class ReviewForm(forms.Form):
    note = forms.CharField(
        label=_("Note"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What you compared it with; or what has to be corrected."),
    )


class PractitionerForm(forms.Form):
    region = RegionField(label=_("Office"), help_text=_("The township or county from which you travel."))
    longitude = forms.FloatField(
        label=_("Longitude"),
        required=False,
        help_text=_(
            "Degrees east, such as 108.14. If left empty, the position of the office's township or county is used."
        ),
    )
    latitude = forms.FloatField(label=_("Latitude"), required=False, help_text=_("Degrees north, such as 26.305."))
    specialties = forms.MultipleChoiceField(
        label=_("Fields of law"),
        required=False,
        choices=capitalised(Specialty.choices),
        widget=forms.CheckboxSelectMultiple,
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"), required=False, choices=SpokenLanguage.choices, widget=forms.CheckboxSelectMultiple
    )
    capacity = forms.IntegerField(
        label=_("Maximum villages"),
        min_value=0,
        max_value=50,
        initial=5,
        help_text=_("How many you can serve well at once."),
    )
    max_travel_minutes = forms.IntegerField(
        label=_("Longest journey (minutes, one way)"), min_value=5, max_value=600, initial=60
    )
    open_to_posts = forms.BooleanField(
        label=_("I may be proposed for posts"),
        required=False,
        initial=True,
        help_text=_("If unticked, no new posts are proposed to you; the posts you hold are not affected."),
    )
    about = forms.CharField(
        label=_("About you"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    about_en = forms.CharField(
        label=_("About you, in English"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        region = data.get("region")
        given = [data.get("longitude") is not None, data.get("latitude") is not None]
        if region is not None and not any(given):
            if region.longitude is None:
                self.add_error("longitude", _("This division has no place on the map: enter longitude and latitude."))
            data["longitude"], data["latitude"] = region.longitude, region.latitude
        elif any(given) and not all(given):
            self.add_error("longitude", _("Enter both longitude and latitude, or neither."))
        return data

    @classmethod
    def initial_from(cls, profile: PractitionerProfile) -> dict[str, Any]:
        return {name: getattr(profile, name) for name in cls.base_fields}


class PassphraseForm(forms.Form):
    passphrase = forms.CharField(
        label=_("Passphrase"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least twelve characters: four or five unrelated words are good and can be remembered."),
    )
    again = forms.CharField(
        label=_("Passphrase once more"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    understood = forms.BooleanField(
        label=_("I know that nobody can recover it, and have put it where only I can find it.")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("passphrase") and data.get("again") and data["passphrase"] != data["again"]:
            self.add_error("again", _("The two differ. Type the passphrase again, slowly."))
        return data

    def save(self, actor: User) -> bool:
        return accepted(
            self,
            lambda: services.set_holder_key(actor=actor, passphrase=self.cleaned_data["passphrase"], now=clock.now()),
        )


class RelationForm(forms.Form):
    organisation = OrganisationField(
        label=_("Organisation"), help_text=_("Start typing the name or the credit code, then choose from the list.")
    )
    kind = forms.ChoiceField(label=_("Connection"), choices=capitalised(RelationKind.choices))
    valid_from = forms.DateField(label=pgettext_lazy("tie", "From"), widget=forms.DateInput)
    valid_to = forms.DateField(
        label=pgettext_lazy("tie", "Until"),
        required=False,
        widget=forms.DateInput,
        help_text=_("Leave empty if it still applies."),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Only you and those who settle conflicts read it."),
        max_length=DeclaredRelation._meta.get_field("note").max_length or 500,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organisation: Any = self.fields["organisation"]
        organisation.limit_to(Organisation.objects.all(), reverse("accounts:suggest_organisation"))


class SanctionForm(forms.Form):
    """An exclusion of ``party``, which each of the two forms below chooses; ``chosen``: the key that an address named."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What was found, and by which decision. Anyone can read it."),
    )
    basis = forms.CharField(
        label=pgettext_lazy("sanction", "Legal basis"),
        max_length=200,
        help_text=_("Law and article, such as: Government Procurement Law, article 77."),
    )
    valid_from = forms.DateField(label=pgettext_lazy("sanction", "First day"), widget=forms.DateInput)
    valid_to = forms.DateField(
        label=pgettext_lazy("sanction", "Last day"),
        required=False,
        widget=forms.DateInput,
        help_text=_("Leave empty if it lasts until it is lifted."),
    )
    field_order = ["party"]

    def __init__(self, *args: Any, chosen: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["valid_from"] = clock.today()
        self.chosen = chosen

    def limit_party(self, among: QuerySet[Any], kind: str) -> None:
        party: Any = self.fields["party"]
        party.limit_to(among, reverse("accounts:suggest_party", args=[kind]))
        self.initial["party"] = among.filter(pk=self.chosen).first() if self.chosen.isdecimal() else None


class OrganisationExclusionForm(SanctionForm):
    party = OrganisationField(
        label=_("Organisation"), help_text=_("Start typing the name or the credit code, then choose from the list.")
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit_party(rules.organisations_to_exclude(actor), "organisation")


class PersonExclusionForm(SanctionForm):
    party = PersonField(label=pgettext_lazy("who", "Person"))

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit_party(rules.people_to_exclude(actor), "person")
        self.fields["reason"].help_text = _(
            "What was found, and by which decision. The excluded person and the region's supervisors can read it; "
            "it is not public."
        )
        self.fields["basis"].help_text = _("Law and article, such as: Lawyers Law, article 49.")


class LiftForm(forms.Form):
    reason = forms.CharField(
        label=_("Why is it lifted?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The excluded party is told, with this reason."),
    )


#: The role that most have who come to an organisation of this kind; a practitioner's elsewhere.
JOINING_ROLES = {
    OrganisationKind.VILLAGE: Role.VILLAGE,
    OrganisationKind.BUREAU: Role.OFFICER,
    OrganisationKind.FINANCE: Role.FINANCE,
    OrganisationKind.SUPERVISION: Role.SUPERVISOR,
}
