"""People, organisations, memberships with roles, credentials, sanctions and declared relations."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, cast

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.core.i18n import localized
from marketplace.core.sealing import EncryptedTextField
from marketplace.regions.models import Region

from .states import CredentialState, MembershipState, OrganisationState, SanctionStanding


class Specialty(models.TextChoices):
    """Fields of law that a practitioner declares and a post may ask for."""

    MARRIAGE = "marriage", _("marriage and family")
    LAND = "land", _("land, forest and homestead")
    LABOUR = "labour", _("labour and wages")
    CONTRACT = "contract", _("contracts and debts")
    TORT = "tort", _("injury and traffic")
    CRIMINAL = "criminal", _("criminal defence")
    ADMINISTRATIVE = "administrative", _("administrative law")
    PROCUREMENT = "procurement", _("government contracts")
    ENVIRONMENT = "environment", _("environment")
    MINORS = "minors", _("minors and the elderly")
    COMPANY = "company", _("companies and cooperatives")
    MEDIATION = "mediation", _("mediation")


class SpokenLanguage(models.TextChoices):
    """Languages in which service is given; the demonstration's prefecture speaks three of its own."""

    MANDARIN = "cmn", _("Mandarin")
    HMONG = "hmu", _("Hmong (Miao)")
    DONG = "doc", _("Dong")
    BOUYEI = "pcc", _("Bouyei")
    YI = "iii", _("Yi")
    TIBETAN = "bod", _("Tibetan")
    UYGHUR = "uig", _("Uyghur")
    MONGOLIAN = "mon", _("Mongolian")
    CANTONESE = "yue", _("Cantonese")
    SIGN = "csl", _("Chinese sign language")


class User(AbstractUser):
    """A person. Logs in by e-mail or by a phone-like user name; identifiers are encrypted at rest."""

    display_name = models.CharField(pgettext_lazy("person", "name"), max_length=60)
    display_name_en = models.CharField(_("name in English"), max_length=80, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = EncryptedTextField(_("phone"))
    id_number = EncryptedTextField(_("identity number"))
    id_number_index = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    home_region = models.ForeignKey(
        Region, verbose_name=_("home"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = pgettext_lazy("accounts", "people")

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        return localized(self, "display_name") or self.username


class OrganisationKind(models.TextChoices):
    BUREAU = "bureau", _("justice bureau or other buyer")
    LAW_FIRM = "law_firm", _("law firm")
    LEGAL_SERVICE_OFFICE = "legal_service_office", _("grassroots legal service office")
    NOTARY = "notary", _("notary office")
    FORENSIC = "forensic", _("forensic institution")
    MEDIATION = "mediation", _("mediation committee")
    ASSOCIATION = "association", _("association or volunteer body")
    VILLAGE = "village", _("village or community committee")
    FINANCE = "finance", _("finance department")
    SUPERVISION = "supervision", _("supervising authority")


class Organisation(models.Model):
    STATE_TONES: ClassVar = {"registered": "wait", "verified": "go", "closed": "stop"}

    kind = models.CharField(_("kind"), max_length=24, choices=OrganisationKind.choices)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=160, blank=True)
    credit_code = models.CharField(
        _("unified social credit code"),
        max_length=18,
        null=True,
        blank=True,
        unique=True,
        error_messages={"unique": _("This organisation is already registered: ask its administrator to invite you.")},
    )
    region = models.ForeignKey(
        Region, verbose_name=_("seat or area served"), on_delete=models.PROTECT, related_name="+"
    )
    address = models.CharField(_("address"), max_length=200, blank=True)
    phone = models.CharField(_("telephone"), max_length=40, blank=True, default="", db_default="")
    head_name = models.CharField(_("head"), max_length=60, blank=True)
    small_or_micro = models.BooleanField(_("small or micro enterprise (by declaration)"), default=False)
    state = models.CharField(
        _("state"), max_length=12, choices=OrganisationState.choices, default=OrganisationState.REGISTERED
    )
    created_at = models.DateTimeField(_("registered"), db_default=Now())

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        indexes: ClassVar = [models.Index(fields=["kind", "region"], name="organisation_kind_region")]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member may do for the organisation. One person may hold several roles."""

    ADMIN = "admin", _("administrator")
    OFFICER = "officer", _("procurement officer")
    APPROVER = "approver", _("approving officer")
    KEY_HOLDER = "key_holder", _("key-holder")
    FINANCE = "finance", _("finance officer")
    SUPERVISOR = "supervisor", _("supervisor")
    EDITOR = "editor", _("catalogue editor")
    EXPERT = "expert", _("evaluation expert")
    BIDDER = "bidder", _("bid manager")
    LAWYER = "lawyer", _("practitioner")
    VILLAGE = "village", _("village representative")
    COORDINATOR = "coordinator", _("volunteer coordinator")

    @property
    def duty(self) -> str:
        """What its holder does here, for whoever gives the role."""
        return str(DUTIES[self])


DUTIES = {
    Role.ADMIN: _("Invites members, gives roles and keeps the organisation's entry."),
    Role.OFFICER: _("Drafts plans and procurements, runs them, and accepts the service."),
    Role.APPROVER: _("Approves or returns what somebody else drafted."),
    Role.KEY_HOLDER: _("Holds a share of the key with which bids are opened."),
    Role.FINANCE: _("Enters the budget and records payments."),
    Role.SUPERVISOR: _("Reads everything that is not sealed, decides disputes and exclusions."),
    Role.EDITOR: _("Drafts changes of the catalogue and of the site's pages."),
    Role.EXPERT: _("Can be drawn for the panels that evaluate bids."),
    Role.BIDDER: _("Asks questions, bids and signs contracts."),
    Role.LAWYER: _("Can be given posts and shifts, and records the service done."),
    Role.VILLAGE: _("Confirms and rates the service that the village received."),
    Role.COORDINATOR: _("Calls for volunteers and checks their attendance."),
}


class Membership(models.Model):
    STATE_TONES: ClassVar = {"invited": "wait", "requested": "wait", "active": "go", "ended": "stop"}
    #: Grows with every change of a membership in this process: what was read before it is read again (see ``rules``).
    generation: ClassVar[int] = 0

    user = models.ForeignKey(User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, verbose_name=_("organisation"), on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    state = models.CharField(_("state"), max_length=12, choices=MembershipState.choices, default=MembershipState.ACTIVE)
    valid_from = models.DateField(_("from"), default=date.today)
    valid_to = models.DateField(pgettext_lazy("standing", "to (inclusive)"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["organisation_id", "role", "pk"]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"],
                condition=~Q(state="ended"),
                name="one_live_membership",
                violation_error_message=_("This person already has this role here."),
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="membership_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organisation} · {self.get_role_display()}"

    def save(self, **kwargs: Any) -> None:
        super().save(**kwargs)
        Membership.generation += 1


class CredentialKind(models.TextChoices):
    LAWYER = "lawyer", _("lawyer's licence")
    GRASSROOTS = "grassroots", _("grassroots legal worker's certificate")
    NOTARY = "notary", _("notary's certificate")
    FORENSIC = "forensic", _("forensic expert's certificate")
    MEDIATOR = "mediator", _("mediator's letter of appointment")
    EXPERT = "expert", _("evaluation expert's registration")

    @property
    def profession(self) -> str:
        """What its holder is, where the label names the paper."""
        return str(PROFESSIONS[self])


PROFESSIONS = {
    CredentialKind.LAWYER: _("lawyer"),
    CredentialKind.GRASSROOTS: _("grassroots legal worker"),
    CredentialKind.NOTARY: _("notary"),
    CredentialKind.FORENSIC: _("forensic expert"),
    CredentialKind.MEDIATOR: _("mediator"),
    CredentialKind.EXPERT: _("evaluation expert"),
}


class Credential(models.Model):
    """A qualification that an authority granted, reviewed by a bureau officer before it counts."""

    STATE_TONES: ClassVar = {"submitted": "wait", "verified": "go", "rejected": "stop", "revoked": "stop"}

    user = models.ForeignKey(User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="credentials")
    kind = models.CharField(_("kind"), max_length=12, choices=CredentialKind.choices)
    number = models.CharField(_("number"), max_length=40)
    issuer = models.CharField(_("issued by"), max_length=120)
    valid_from = models.DateField(pgettext_lazy("credential", "valid from"))
    valid_until = models.DateField(_("valid until (inclusive)"))
    state = models.CharField(
        _("state"), max_length=12, choices=CredentialState.choices, default=CredentialState.SUBMITTED
    )
    submitted_at = models.DateTimeField(_("submitted"))
    reviewed_by = models.ForeignKey(
        User, verbose_name=_("reviewed by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    review_note = models.TextField(_("note"), blank=True)

    class Meta:
        ordering: ClassVar = ["user_id", "kind", "-valid_until", "pk"]
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        constraints: ClassVar = [
            # A renewed licence keeps its number. That it stays one person's is held by ``services.submit_credential``.
            models.UniqueConstraint(
                fields=["kind", "number", "valid_until"],
                condition=Q(state__in=["submitted", "verified"]),
                name="one_live_credential",
                violation_error_message=_(
                    "This number is already registered. If it is yours, ask the reviewing bureau."
                ),
            ),
            models.CheckConstraint(condition=Q(valid_until__gte=F("valid_from")), name="credential_ends_after_start"),
            models.CheckConstraint(
                condition=~Q(state="verified") | Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
                name="verified_credential_has_reviewer",
            ),
            models.CheckConstraint(condition=~Q(reviewed_by=F("user")), name="nobody_reviews_himself"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"


class PractitionerProfile(models.Model):
    """What staffing needs to know of a person who can serve: place, fields, languages, capacity. Opt-in."""

    user = models.OneToOneField(User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="practitioner")
    region = models.ForeignKey(Region, verbose_name=_("office"), on_delete=models.PROTECT, related_name="+")
    longitude = models.FloatField(_("longitude"))
    latitude = models.FloatField(_("latitude"))
    specialties = ArrayField(
        models.CharField(max_length=16, choices=Specialty.choices),
        default=list,
        blank=True,
        verbose_name=_("fields of law"),
    )
    languages = ArrayField(
        models.CharField(max_length=3, choices=SpokenLanguage.choices),
        default=list,
        blank=True,
        verbose_name=_("languages"),
    )
    capacity = models.PositiveSmallIntegerField(pgettext_lazy("practice", "villages at most"), default=5)
    max_travel_minutes = models.PositiveSmallIntegerField(_("travel at most (minutes one way)"), default=60)
    open_to_posts = models.BooleanField(_("may be proposed for posts"), default=True)
    about = models.TextField(_("about"), blank=True)
    about_en = models.TextField(_("about, in English"), blank=True)

    class Meta:
        verbose_name = _("practitioner's profile")
        verbose_name_plural = _("practitioners' profiles")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(capacity__lte=50), name="practitioner_capacity_sane"),
            models.CheckConstraint(
                condition=Q(longitude__gte=73, longitude__lte=136, latitude__gte=3, latitude__lte=54),
                name="practitioner_is_in_china",
                violation_error_message=_(
                    "The place must lie in China: check that longitude and latitude are not swapped."
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class Sanction(models.Model):
    """A dated exclusion of a person or an organisation, by whom and why. One that is lifted keeps the days it counted."""

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="sanctions")
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="sanctions"
    )
    reason = models.TextField(_("reason"))
    basis = models.CharField(pgettext_lazy("sanction", "legal basis"), max_length=200)
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(pgettext_lazy("standing", "to (inclusive)"), null=True, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    #: From this day on it does not count.
    lifted_on = models.DateField(_("lifted on"), null=True, blank=True)
    lifted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lift_reason = models.TextField(_("why it was lifted"), blank=True)

    class Meta:
        ordering: ClassVar = ["-valid_from", "pk"]
        verbose_name = _("sanction")
        verbose_name_plural = _("sanctions")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, organisation__isnull=True)
                | Q(user__isnull=True, organisation__isnull=False),
                name="sanction_of_one_party",
            ),
            models.CheckConstraint(
                condition=Q(lifted_on__isnull=True, lifted_by__isnull=True)
                | Q(lifted_on__isnull=False, lifted_by__isnull=False) & ~Q(lift_reason=""),
                name="lifted_by_somebody_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.party}: {self.reason}"

    @property
    def party(self) -> User | Organisation:
        # ``sanction_of_one_party``: one of the two is there.
        return cast("User | Organisation", self.user or self.organisation)

    @property
    def party_name(self) -> str:
        """In the active language."""
        return localized(self.party, "display_name" if self.user_id else "name")

    def standing_on(self, day: date) -> SanctionStanding:
        if self.lifted_on is not None and self.lifted_on <= day:
            return SanctionStanding.LIFTED
        if self.valid_from > day:
            return SanctionStanding.COMING
        return SanctionStanding.OVER if self.valid_to is not None and self.valid_to < day else SanctionStanding.IN_FORCE


class RelationKind(models.TextChoices):
    EMPLOYED = "employed", _("employed there")
    GOVERNED = "governed", _("director, supervisor or controller")
    FAMILY = "family", _("family of the head")
    OTHER = "other", _("other tie that may sway judgement")


class DeclaredRelation(models.Model):
    """A tie between a person and a supplier within three years (实施条例 art. 9): it bars from evaluating."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="declared_relations")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="declared_relations")
    kind = models.CharField(_("kind"), max_length=12, choices=RelationKind.choices)
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(pgettext_lazy("standing", "to (inclusive)"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True)
    declared_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["user_id", "-valid_from", "pk"]
        verbose_name = _("declared relation")
        verbose_name_plural = _("declared relations")

    def __str__(self) -> str:
        return f"{self.user} – {self.organisation}"


class KeyHolderKey(models.Model):
    """The public half of a key-holder's key pair; the private half exists only while the passphrase is typed."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="holder_keys")
    public_key = models.BinaryField()
    salt = models.BinaryField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user"], condition=Q(retired_at__isnull=True), name="one_live_holder_key")
        ]
        verbose_name = _("key-holder's key")
        verbose_name_plural = _("key-holders' keys")

    def __str__(self) -> str:
        return f"{self.user}"
