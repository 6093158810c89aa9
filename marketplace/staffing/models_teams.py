"""What people say about sitting in teams: with whom they may not, and in how many they will."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.core.sealing import EncryptedTextField

from .states import QuarrelState


class QuarrelKind(models.TextChoices):
    FAMILY = "family", _("spouse or close family")
    OPPONENT = "opponent", _("opposing counsel in a pending case")
    OTHER = "other", _("another reason")


class Quarrel(models.Model):
    """``stated_by`` may not sit in one team with ``other``. Why is for ``stated_by`` alone: it is encrypted."""

    STATE_TONES: ClassVar = {"standing": "wait", "withdrawn": "neutral"}

    stated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="quarrels")
    other = models.ForeignKey(User, verbose_name=_("colleague"), on_delete=models.PROTECT, related_name="+")
    kind = EncryptedTextField(_("reason"))
    note = EncryptedTextField(_("in your words"))
    state = models.CharField(_("state"), max_length=10, choices=QuarrelState.choices, default=QuarrelState.STANDING)
    stated_at = models.DateTimeField(_("stated"))
    withdrawn_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["stated_by_id", "-stated_at", "-pk"]
        verbose_name = _("statement about a colleague")
        verbose_name_plural = _("statements about colleagues")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(stated_by=F("other")), name="nobody_quarrels_with_himself"),
            models.UniqueConstraint(
                fields=["stated_by", "other"],
                condition=Q(state="standing"),
                name="one_standing_quarrel_a_pair",
                violation_error_message=_("You have stated this already."),
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | Q(withdrawn_at__isnull=False), name="withdrawn_quarrel_says_when"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stated_by} / {self.other}"

    @property
    def kind_words(self) -> str:
        return str(QuarrelKind(self.kind).label)


class TeamTerms(models.Model):
    """In how many teams a person sits at most. Whoever has no row has not said, and the usual number counts."""

    person = models.OneToOneField(User, on_delete=models.PROTECT, related_name="team_terms")
    most_teams = models.PositiveSmallIntegerField(_("maximum number of counsel teams"))

    class Meta:
        verbose_name = _("terms for teams")
        verbose_name_plural = _("terms for teams")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(most_teams__lte=20), name="most_teams_sane")]

    def __str__(self) -> str:
        return f"{self.person}: {self.most_teams}"
