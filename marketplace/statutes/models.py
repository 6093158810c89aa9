from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, ExtractYear
from django.utils.translation import gettext as _say
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from marketplace.core.i18n import localized
from marketplace.core.words import money_words
from marketplace.statutes.deadlines import article_words


class CalendarYear(models.Model):
    """One year of the working-day calendar; `announced` when the State Council's notice is in."""

    year = models.PositiveSmallIntegerField(_("year"), primary_key=True)
    announced = models.BooleanField(_("announced"), default=False)
    instrument = models.CharField(_("instrument"), max_length=200, blank=True)
    instrument_en = models.CharField(_("instrument (English)"), max_length=240, blank=True)
    announced_on = models.DateField(_("announced on"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("calendar year")
        verbose_name_plural = _("calendar years")
        ordering = ["year"]
        constraints = [
            models.CheckConstraint(
                name="announced_year_names_instrument",
                condition=Q(announced=False) | ~Q(instrument=""),
                violation_error_message=_("An announced year names the notice that announced it."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.year)


class CalendarDay(models.Model):
    """One day, working or not, with the reason where it is not what its weekday says."""

    date = models.DateField(_("date"), primary_key=True)
    year = models.ForeignKey(CalendarYear, models.PROTECT, related_name="days", verbose_name=_("year"))
    is_working = models.BooleanField(_("working day"))
    name = models.CharField(_("name"), max_length=60, blank=True)
    name_en = models.CharField(_("English name"), max_length=60, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    edited_at = models.DateTimeField(_("edited at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["date"]
        constraints = [
            models.CheckConstraint(
                name="day_lies_in_its_year",
                condition=Q(year=ExtractYear("date")),
                violation_error_message=_("The day does not lie in this year."),
            ),
        ]

    def __str__(self) -> str:
        return self.date.isoformat()


class Unit(models.TextChoices):
    WORKING_DAY = "working_day", _("working days")
    DAY = "day", _("calendar days")
    PERCENT = "percent", _("percent")
    PERCENT_A_DAY = "percent_a_day", _("percent a day")
    YUAN = "CNY", _("yuan")
    PEOPLE = "people", _("people")
    SUPPLIER = "supplier", _("suppliers")
    YEAR = "year", _("years")
    HOUR = "hour", _("hours")
    ITEM = "item", _("items")


def _counted(unit: str, n: int) -> str:
    """The words for ``n`` of a unit that is counted, with a place for the number."""
    words = {
        Unit.WORKING_DAY: ngettext("%(n)s working day", "%(n)s working days", n),
        Unit.DAY: ngettext("%(n)s calendar day", "%(n)s calendar days", n),
        Unit.PEOPLE: ngettext("%(n)s person", "%(n)s people", n),
        Unit.SUPPLIER: ngettext("%(n)s supplier", "%(n)s suppliers", n),
        Unit.YEAR: ngettext("%(n)s year", "%(n)s years", n),
        Unit.HOUR: ngettext("%(n)s hour", "%(n)s hours", n),
        Unit.ITEM: ngettext("%(n)s item", "%(n)s items", n),
    }
    return words[Unit(unit)]


class Sense(models.TextChoices):
    """Whether the time is a limit, or a shortest time that must be left."""

    WITHIN = "within", _("within")
    AT_LEAST = "at_least", _("at least")


class Direction(models.TextChoices):
    AFTER = "after", _("after")
    BEFORE = "before", _("before")


class StatutoryRule(models.Model):
    """What a number of the law is about; its dated values are its parameters."""

    key = models.SlugField(_("key"), max_length=60, unique=True)
    topic = models.SlugField(_("topic"), max_length=30)
    title = models.CharField(_("title"), max_length=120)
    title_en = models.CharField(_("English title"), max_length=160)
    counted_from = models.CharField(_("counted from"), max_length=120, blank=True)
    counted_from_en = models.CharField(_("counted from (English)"), max_length=160, blank=True)
    sense = models.CharField(_("sense"), max_length=8, choices=Sense.choices, default=Sense.WITHIN)
    direction = models.CharField(_("direction"), max_length=6, choices=Direction.choices, default=Direction.AFTER)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("statutory rule")
        verbose_name_plural = _("statutory rules")
        ordering = ["topic", "order", "key"]

    def __str__(self) -> str:
        return self.title


class _Int8Range(Func):
    function = "int8range"


class _DateRange(Func):
    function = "daterange"


class StatutoryParameter(models.Model):
    """A number of the law, for a time and a place. `valid_to` is its last day."""

    rule = models.ForeignKey(StatutoryRule, models.PROTECT, related_name="parameters", verbose_name=_("rule"))
    value = models.DecimalField(_("value"), max_digits=16, decimal_places=4)
    unit = models.CharField(_("unit"), max_length=13, choices=Unit.choices)
    instrument = models.CharField(_("instrument"), max_length=200)
    instrument_en = models.CharField(_("instrument (English)"), max_length=240, blank=True)
    article = models.CharField(_("article"), max_length=60)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    region = models.ForeignKey(
        "regions.Region",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("region"),
        help_text=_("Empty for the whole country."),
    )
    note = models.CharField(_("note"), max_length=400, blank=True)
    note_en = models.CharField(_("note (English)"), max_length=400, blank=True)
    checked_on = models.DateField(
        _("compared with the instrument's text"),
        null=True,
        blank=True,
        help_text=_("Empty while the value waits for an editor to read it in the instrument itself."),
    )

    class Meta:
        verbose_name = _("statutory parameter")
        verbose_name_plural = _("statutory parameters")
        ordering = ["rule", "region", "valid_from"]
        constraints = [
            models.CheckConstraint(
                name="parameter_valid_in_order",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                violation_error_message=_("A parameter ends no earlier than it begins."),
            ),
            # Ranges of one integer stand in for equality, so that plain GiST is enough.
            ExclusionConstraint(
                name="one_parameter_at_a_time",
                expressions=[
                    (_Int8Range(F("rule_id"), F("rule_id"), Value("[]")), RangeOperators.OVERLAPS),
                    (
                        _Int8Range(Coalesce(F("region_id"), Value(0)), Coalesce(F("region_id"), Value(0)), Value("[]")),
                        RangeOperators.OVERLAPS,
                    ),
                    (_DateRange(F("valid_from"), F("valid_to"), Value("[]")), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Another value of this rule is valid at that time for that place."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.words}"

    @property
    def value_text(self) -> str:
        """The number without trailing zeros, with thousands."""
        whole = self.value == self.value.to_integral_value()
        return f"{int(self.value):,}" if whole else f"{self.value.normalize():f}"

    @property
    def words(self) -> str:
        """``5 working days``, ``10%``, ``0.05% a day``, ``¥2,000,000``: the number with its unit, as one says it."""
        n = self.value_text
        if self.unit == Unit.PERCENT:
            return f"{n}%"
        if self.unit == Unit.PERCENT_A_DAY:
            return _say("%(n)s%% a day") % {"n": n}
        if self.unit == Unit.YUAN:
            return money_words(self.value)
        return _counted(self.unit, 1 if self.value == 1 else 2) % {"n": n}

    @property
    def counted_words(self) -> str:
        """Whether the time is the longest or the shortest, and from which day; empty for what is not counted from a day."""
        if self.unit not in (Unit.WORKING_DAY, Unit.DAY) or not self.rule.counted_from:
            return ""
        words = {
            (Sense.WITHIN, Direction.AFTER): _say("at most, from %(what)s"),
            (Sense.WITHIN, Direction.BEFORE): _say("at most, back from %(what)s"),
            (Sense.AT_LEAST, Direction.AFTER): _say("at least, from %(what)s"),
            (Sense.AT_LEAST, Direction.BEFORE): _say("at least, back from %(what)s"),
        }[Sense(self.rule.sense), Direction(self.rule.direction)]
        return words % {"what": localized(self.rule, "counted_from")}

    @property
    def article_text(self) -> str:
        return article_words(self.article)
