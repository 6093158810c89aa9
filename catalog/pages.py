"""Wagtail pages of the catalogue, in Chinese with English twins."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, HelpPanel, InlinePanel, MultiFieldPanel
from wagtail.models import Orderable

from marketplace.accounts.models import CredentialKind
from marketplace.core.forms import AmountField, capitalised

from .workflow import ReviewedPage, ReviewedPageForm

_TITLES = MultiFieldPanel(
    [FieldPanel("title", heading=capfirst(_("title in Chinese"))), FieldPanel("title_en")],
    capfirst(_("title, in both languages")),
)


class CatalogIndexPage(ReviewedPage):
    """The catalogue's front page."""

    intro = models.TextField(_("introduction"), blank=True)
    title_en = models.CharField(_("title in English"), max_length=255, blank=True)
    intro_en = models.TextField(_("introduction in English"), blank=True)

    base_form_class = ReviewedPageForm
    content_panels: ClassVar = [
        _TITLES,
        MultiFieldPanel(
            [FieldPanel("intro", heading=capfirst(_("introduction in Chinese"))), FieldPanel("intro_en")],
            capfirst(_("introduction, in both languages")),
        ),
    ]
    subpage_types: ClassVar = ["catalog.ServicePage"]
    max_count = 1
    template = "catalog/index.html"

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        category = request.GET.get("category", "")
        products = ServicePage.objects.child_of(self).live().order_by("code")
        if category in ServiceCategory.values:
            products = products.filter(category=category)
        return context | {"products": products, "categories": ServiceCategory.choices, "category": category}

    class Meta:
        verbose_name = _("catalogue")
        verbose_name_plural = _("catalogues")


class ServiceCategory(models.TextChoices):
    COUNSEL = "counsel", _("legal advisers")
    AID = "aid", _("legal aid and duty")
    MEDIATION = "mediation", _("mediation")
    NOTARY = "notary", _("notary and forensic service")
    EDUCATION = "education", _("law education")
    PLATFORM = "platform", _("centres and hotline")


class ServicePageForm(ReviewedPageForm):
    reference_price = AmountField(label=capfirst(_("reference price (yuan a unit)")), max_digits=12, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        category: Any = self.fields["category"]
        category.choices = capitalised(category.choices)


class ServicePage(ReviewedPage):
    """One purchasable service product with its structured standard."""

    title_en = models.CharField(_("title in English"), max_length=255, blank=True)
    code = models.CharField(_("catalogue code"), max_length=20, unique=True)
    category = models.CharField(_("category"), max_length=16, choices=ServiceCategory.choices)
    unit = models.CharField(_("unit of purchase"), max_length=40)
    unit_en = models.CharField(_("unit in English"), max_length=60, blank=True)
    summary = models.TextField(_("summary"))
    summary_en = models.TextField(_("summary in English"), blank=True)
    body = models.TextField(_("what it contains"), blank=True)
    body_en = models.TextField(_("what it contains, in English"), blank=True)
    basis = models.TextField(_("legal basis"), blank=True)
    basis_en = models.TextField(_("legal basis in English"), blank=True)
    reference_price = models.DecimalField(
        _("reference price (yuan a unit)"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    reference_price_source = models.CharField(_("where the reference price was seen"), max_length=200, blank=True)
    reference_price_source_en = models.CharField(
        _("where the reference price was seen, in English"), max_length=240, blank=True
    )
    staffed_by_village = models.BooleanField(_("one post a village"), default=False)
    posts_per_unit = models.PositiveSmallIntegerField(_("posts a unit"), default=1)
    required_credential = models.CharField(
        _("credential a provider needs"), max_length=12, choices=CredentialKind.choices, blank=True
    )

    base_form_class = ServicePageForm
    content_panels: ClassVar = [
        HelpPanel(template="catalog/_review_help.html"),
        _TITLES,
        MultiFieldPanel(
            [
                FieldPanel(
                    "code",
                    help_text=_(
                        "Short and permanent, such as PLS-01. Procurements and contracts refer to the product by it."
                    ),
                ),
                FieldPanel("category"),
                FieldPanel("unit", help_text=_("The unit it is bought and priced in, such as village-year.")),
                FieldPanel("unit_en"),
            ],
            capfirst(_("basic details")),
        ),
        MultiFieldPanel(
            [FieldPanel("summary", heading=capfirst(_("summary in Chinese"))), FieldPanel("summary_en")],
            capfirst(_("summary, in both languages")),
        ),
        FieldPanel("body"),
        FieldPanel("body_en"),
        FieldPanel("basis", help_text=_("The document and article on which the service rests.")),
        FieldPanel("basis_en"),
        MultiFieldPanel(
            [
                FieldPanel("reference_price"),
                FieldPanel("reference_price_source", help_text=_("Document and date, so that a buyer can look it up.")),
                FieldPanel("reference_price_source_en"),
            ],
            capfirst(_("price")),
        ),
        MultiFieldPanel(
            [
                FieldPanel(
                    "staffed_by_village", help_text=_("A contract then has a post for every village that it covers.")
                ),
                FieldPanel("posts_per_unit", help_text=_("How many people serve one unit.")),
                FieldPanel("required_credential", help_text=_("Leave empty if no credential is required.")),
            ],
            capfirst(_("staffing")),
        ),
        InlinePanel("obligations", label=capfirst(_("obligation")), min_num=1),
    ]
    parent_page_types: ClassVar = ["catalog.CatalogIndexPage"]
    subpage_types: ClassVar = []
    template = "catalog/service.html"

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        credentials = dict(CredentialKind.choices)
        return context | {
            "index_url": self.get_parent().get_url(request),
            # In a preview the obligations are those of the draft.
            "obligations": self.obligations.all(),
            "versions": self.versions.all() if self.pk else [],
            "credential": credentials.get(self.required_credential, ""),
        }

    class Meta:
        verbose_name = _("service product")
        verbose_name_plural = _("service products")


class ObligationKind(models.TextChoices):
    """What timesheets can count: the kind ties a standard's line to the sessions that fulfil it."""

    ON_SITE = "on_site", _("service on site")
    REMOTE = "remote", _("remote answer")
    LECTURE = "lecture", _("law lecture")
    DUTY = "duty", _("duty")
    MEDIATION = "mediation", _("mediation")
    CASE = "case", _("case work")
    LIMIT = "limit", _("limit")
    OTHER = "other", _("other")


class Period(models.TextChoices):
    ONCE = "once", _("once")
    DAY = "day", _("a day")
    WEEK = "week", _("a week")
    MONTH = "month", _("a month")
    QUARTER = "quarter", _("a quarter")
    YEAR = "year", _("a year")
    EACH = "each", _("each time")


class QuantityUnit(models.TextChoices):
    MINUTES = "minutes", _("minutes")
    TIMES = "times", _("times")
    HOURS_LIMIT = "hours_limit", _("hours at most")
    VILLAGES = "villages", _("villages at most")
    PERSONS = "persons", _("persons")
    CASES = "cases", _("cases")


class ServiceObligation(Orderable):
    """One line of a product's standard: what, how much, how often, within what, proved by what."""

    page = ParentalKey(ServicePage, on_delete=models.CASCADE, related_name="obligations")
    code = models.SlugField(_("code"), max_length=30)
    kind = models.CharField(_("kind"), max_length=12, choices=ObligationKind.choices)
    title = models.CharField(_("obligation"), max_length=120)
    title_en = models.CharField(_("obligation in English"), max_length=160, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"))
    quantity_unit = models.CharField(_("unit"), max_length=12, choices=QuantityUnit.choices)
    period = models.CharField(_("period"), max_length=8, choices=Period.choices)
    tolerance = models.PositiveSmallIntegerField(_("tolerance (percent)"), default=0)
    evidence = models.CharField(_("evidence"), max_length=200, blank=True)
    evidence_en = models.CharField(_("evidence in English"), max_length=240, blank=True)

    panels: ClassVar = [
        FieldPanel("code", help_text=_("Latin letters, such as on-site; the code stays when the words change.")),
        FieldPanel("kind", help_text=_("Decides which hours of the timesheets fulfil it.")),
        FieldPanel("title"),
        FieldPanel("title_en"),
        FieldPanel("quantity", help_text=_("In the unit chosen next; time on site and of lectures in minutes.")),
        FieldPanel("quantity_unit"),
        FieldPanel("period"),
        FieldPanel("tolerance", help_text=_("How far short of the quantity still counts as fulfilled.")),
        FieldPanel(
            "evidence", help_text=_("What the buyer looks at before accepting, such as the village's confirmation.")
        ),
        FieldPanel("evidence_en"),
    ]

    class Meta(Orderable.Meta):
        constraints: ClassVar = [models.UniqueConstraint(fields=["page", "code"], name="one_obligation_a_code")]
        verbose_name = _("obligation")
        verbose_name_plural = _("obligations")

    def __str__(self) -> str:
        return str(self.title)
