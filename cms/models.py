"""The site's own pages: home, news, guides, law in plain words. One tree; each page holds both its languages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.fields import StreamField

from marketplace.accounts.models import Specialty
from marketplace.core import clock
from marketplace.core.page_forms import AddressedPageForm
from marketplace.core.pages import TitledInBoth
from marketplace.regions.models import Level, Region

from . import selectors
from .blocks import BodyBlock
from .forms import HomePageForm, NewsPageForm

ENTRIES_A_PAGE = 25


class BilingualPage(TitledInBoth):
    """A page whose English stands beside its Chinese, so that one revision, one review and one address hold both."""

    title_en = models.CharField(_("title in English"), max_length=255, blank=True)
    summary = models.TextField(_("summary"), blank=True, help_text=_("One or two sentences, shown under the title."))
    summary_en = models.TextField(_("summary in English"), blank=True)

    base_form_class = AddressedPageForm
    content_panels: ClassVar = [
        MultiFieldPanel(
            [FieldPanel("title", heading=capfirst(_("title in Chinese"))), FieldPanel("title_en")],
            capfirst(_("title, in both languages")),
        ),
        MultiFieldPanel(
            [FieldPanel("summary", heading=capfirst(_("summary in Chinese"))), FieldPanel("summary_en")],
            capfirst(_("summary, in both languages")),
        ),
    ]

    class Meta:
        abstract = True


class ArticlePage(BilingualPage):
    """What is read from top to bottom."""

    body = StreamField(BodyBlock(), verbose_name=_("text"), blank=True)
    body_en = StreamField(BodyBlock(), verbose_name=_("text in English"), blank=True)

    subpage_types: ClassVar = []

    class Meta:
        abstract = True

    @property
    def for_villagers(self) -> bool:
        """A villager asks an adviser; who buys, bids, serves or reads news asks the bureau."""
        return False

    def neighbours(self) -> QuerySet[Any]:
        """The other pages of the section, in its order."""
        found: QuerySet[Any] = type(self).objects.sibling_of(self, inclusive=False).live()
        return found

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context(request, *args, **kwargs),
            "section": self.get_parent().specific,
            "for_villagers": self.for_villagers,
            "neighbours": self.neighbours()[:6],
        }


class HomePage(BilingualPage):
    """The front page. Its sections show what the other rooms hold at this moment."""

    county = models.ForeignKey(
        Region,
        verbose_name=_("county shown"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        limit_choices_to={"level": Level.COUNTY},
        help_text=_("Its coverage stands beside the search box."),
    )

    base_form_class = HomePageForm
    content_panels: ClassVar = [*BilingualPage.content_panels, FieldPanel("county")]
    parent_page_types: ClassVar = ["wagtailcore.Page"]
    max_count = 1
    template = "cms/home.html"

    class Meta:
        verbose_name = _("home page")
        verbose_name_plural = _("home pages")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context(request, *args, **kwargs),
            "news": NewsPage.objects.live().order_by("-date", "-pk")[:3],
            "guides": selectors.by_audience(GuidePage.objects.live().exclude(audience=Audience.EVERYBODY), Audience),
            **selectors.home_sections(clock.now()),
        }


class NewsIndexPage(BilingualPage):
    parent_page_types: ClassVar = ["cms.HomePage"]
    subpage_types: ClassVar = ["cms.NewsPage"]
    max_count = 1
    template = "cms/news_index.html"

    class Meta:
        verbose_name = _("news section")
        verbose_name_plural = _("news sections")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        news = NewsPage.objects.child_of(self).live().order_by("-date", "-pk")
        page = Paginator(news, ENTRIES_A_PAGE).get_page(request.GET.get("page"))
        return {**super().get_context(request, *args, **kwargs), "entries": page}


class NewsPage(ArticlePage):
    date = models.DateField(_("date"))

    base_form_class = NewsPageForm
    content_panels: ClassVar = [
        *BilingualPage.content_panels,
        FieldPanel("date", help_text=_("Shown above the news item; the list is sorted by it.")),
        FieldPanel("body", heading=capfirst(_("text in Chinese"))),
        FieldPanel("body_en"),
    ]
    parent_page_types: ClassVar = ["cms.NewsIndexPage"]
    template = "cms/article.html"

    class Meta:
        verbose_name = _("news")
        verbose_name_plural = _("news")

    def neighbours(self) -> QuerySet[Any]:
        return super().neighbours().order_by("-date", "-pk")


class Audience(models.TextChoices):
    VILLAGER = "villager", _("Villagers")
    VOLUNTEER = "volunteer", _("Volunteers")
    FIRM = "firm", _("Lawyers and firms")
    BUREAU = "bureau", _("Justice bureaus")
    EVERYBODY = "everybody", _("Everybody")


class GuideIndexPage(BilingualPage):
    parent_page_types: ClassVar = ["cms.HomePage"]
    subpage_types: ClassVar = ["cms.GuidePage"]
    max_count = 1
    template = "cms/grouped_index.html"

    class Meta:
        verbose_name = _("guides section")
        verbose_name_plural = _("guides sections")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        groups = selectors.grouped(GuidePage.objects.child_of(self).live(), "audience", Audience)
        return {**super().get_context(request, *args, **kwargs), "groups": groups}


class GuidePage(ArticlePage):
    """How to do something here, for one kind of reader."""

    audience = models.CharField(_("for"), max_length=12, choices=Audience.choices, default=Audience.EVERYBODY)

    content_panels: ClassVar = [
        *BilingualPage.content_panels,
        FieldPanel("audience"),
        FieldPanel("body", heading=capfirst(_("text in Chinese"))),
        FieldPanel("body_en"),
    ]
    parent_page_types: ClassVar = ["cms.GuideIndexPage"]
    template = "cms/article.html"

    class Meta:
        verbose_name = _("guide")
        verbose_name_plural = _("guides")

    @property
    def for_villagers(self) -> bool:
        return bool(self.audience == Audience.VILLAGER)

    def neighbours(self) -> QuerySet[Any]:
        return selectors.by_audience(super().neighbours(), Audience)


class LawIndexPage(BilingualPage):
    parent_page_types: ClassVar = ["cms.HomePage"]
    subpage_types: ClassVar = ["cms.LawKnowledgePage"]
    max_count = 1
    template = "cms/grouped_index.html"

    class Meta:
        verbose_name = _("law section")
        verbose_name_plural = _("law sections")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        groups = selectors.grouped(LawKnowledgePage.objects.child_of(self).live(), "topic", Specialty)
        return {**super().get_context(request, *args, **kwargs), "groups": groups}


class LawKnowledgePage(ArticlePage):
    """A question that people really ask, its short answer (the summary), and the law behind it."""

    topic = models.CharField(_("field of law"), max_length=16, choices=Specialty.choices)
    checked_on = models.DateField(_("checked against the law on"), null=True, blank=True)

    content_panels: ClassVar = [
        *BilingualPage.content_panels,
        MultiFieldPanel([FieldPanel("topic"), FieldPanel("checked_on")], capfirst(_("subject"))),
        FieldPanel("body", heading=capfirst(_("text in Chinese"))),
        FieldPanel("body_en"),
    ]
    parent_page_types: ClassVar = ["cms.LawIndexPage"]
    template = "cms/article.html"

    class Meta:
        verbose_name = _("law in plain words")
        verbose_name_plural = _("law in plain words")

    @property
    def for_villagers(self) -> bool:
        return True
