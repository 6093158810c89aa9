"""The catalogue of purchasable legal services: Wagtail pages, and the versions that tenders freeze.

``ServicePage`` and its index live in ``pages``; what a tender cites is a ``ProductVersion``.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .pages import CatalogIndexPage, ServiceObligation, ServicePage  # noqa: F401  (Django finds models here)
from .workflow import SecondPersonApproval  # noqa: F401


class ProductVersion(models.Model):
    """A service product as it stood when somebody cited it. Rows never change or go.

    ``content`` is the canonical document in both languages: title, summary, unit, code, obligations
    (list of code, title, title_en, quantity, unit, period, tolerance, evidence, evidence_en). ``digest`` is the SHA-256 of its
    canonical JSON (RFC 8785); an equal content is frozen once.
    """

    page = models.ForeignKey(
        "catalog.ServicePage", verbose_name=_("product"), on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField(_("content"))
    digest = models.CharField(_("digest"), max_length=64)
    frozen_at = models.DateTimeField(_("frozen"))
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["page_id", "-number"]
        verbose_name = _("product version")
        verbose_name_plural = _("product versions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["page", "number"], name="one_version_a_number"),
            models.UniqueConstraint(fields=["page", "digest"], name="equal_content_frozen_once"),
        ]

    def __str__(self) -> str:
        return f"{self.content.get('title', '')} v{self.number}"

    @property
    def title(self) -> str:
        return str(self.content["title"])

    @property
    def title_en(self) -> str:
        return str(self.content.get("title_en", ""))
