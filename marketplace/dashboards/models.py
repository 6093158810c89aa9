"""Figures computed ahead, so that the nation's page is as fast as a village's."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class CoverageFigure(models.Model):
    """One division's coverage at ``computed_at``; ``code`` 0 is the nation. Villages without any service have no row."""

    code = models.BigIntegerField(_("code"), primary_key=True)
    contract = models.PositiveIntegerField(_("villages with an adviser under contract"), default=0)
    volunteer = models.PositiveIntegerField(_("villages served by volunteers only"), default=0)
    vacant = models.PositiveIntegerField(_("villages whose post is vacant"), default=0)
    travel_minutes = models.PositiveSmallIntegerField(_("median travel of advisers (minutes one way)"), null=True)
    served_minutes = models.PositiveBigIntegerField(_("confirmed service this year (minutes)"), default=0)
    unpaid_minutes = models.PositiveBigIntegerField(_("of it pro bono (minutes)"), default=0)
    people_served = models.PositiveBigIntegerField(_("people served this year"), default=0)
    computed_at = models.DateTimeField(_("computed"))

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("coverage figure")
        verbose_name_plural = _("coverage figures")

    def __str__(self) -> str:
        return str(self.code)
