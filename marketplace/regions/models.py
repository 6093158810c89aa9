from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from marketplace.regions import codes, romanise


class Level(models.IntegerChoices):
    PROVINCE = 1, _("province")
    PREFECTURE = 2, _("prefecture")
    COUNTY = 3, _("county")
    TOWNSHIP = 4, _("township")
    VILLAGE = 5, _("village or community")


class LocationSource(models.TextChoices):
    OFFICIAL = "official", _("published data")
    ESTIMATED = "estimated", _("estimated")
    CORRECTED = "corrected", _("corrected")
    NONE = "none", _("not known")


class Tier(models.TextChoices):
    """Development tier of a county and of all in it; it drives the regional tilt of policies."""

    ORDINARY = "ordinary", _("no special tier")
    WESTERN = "western", _("western region")
    FORMERLY_POOR = "formerly_poor", _("county lifted out of poverty")


class VillageKind(models.TextChoices):
    """What the last three digits of a code of level 5 say."""

    COMMUNITY = "community", _("residents' community")
    VILLAGE = "village", _("rural village")
    LIKE_COMMUNITY = "like_community", _("area like a community")
    LIKE_VILLAGE = "like_village", _("area like a village")


_KINDS = {
    2: VillageKind.VILLAGE,
    3: VillageKind.VILLAGE,
    4: VillageKind.LIKE_COMMUNITY,
    5: VillageKind.LIKE_VILLAGE,
}


def _span(above: int) -> models.Case:
    """SQL: the span of a code of the row's level, or of the level `above` steps higher."""
    return models.Case(
        *(models.When(level=level, then=models.Value(codes.SPAN[level - above])) for level in range(1, 6)),
        default=models.Value(codes.SPAN[0]),
        output_field=models.BigIntegerField(),
    )


class RegionQuerySet(models.QuerySet["Region"]):
    def under(self, code: int, level: int | None = None) -> RegionQuerySet:
        """Everything strictly inside `code` (0 is the nation), of one level if given."""
        low, high = codes.code_range(code)
        inside = self.filter(code__gt=low, code__lt=high)
        return inside if level is None else inside.filter(level=level)

    def children_of(self, code: int) -> RegionQuerySet:
        """What lies directly below `code`; in a city without counties that is its townships."""
        level = codes.level_of(code)
        below = Q(level=level + 1)
        for deeper in range(level + 2, 6) if level else ():
            below |= Q(level=deeper, code__lt=code + codes.SPAN[deeper - 1])
        return self.under(code).filter(below) if level else self.filter(level=Level.PROVINCE)

    def at_level(self, level: int) -> RegionQuerySet:
        return self.filter(level=level)


class RegionManager(models.Manager["Region"]):
    def get_queryset(self) -> RegionQuerySet:
        # The search column is for the database to look in, not for rows to carry.
        return RegionQuerySet(self.model, using=self._db).defer("search")

    def under(self, code: int, level: int | None = None) -> RegionQuerySet:
        return self.get_queryset().under(code, level)

    def children_of(self, code: int) -> RegionQuerySet:
        return self.get_queryset().children_of(code)

    def at_level(self, level: int) -> RegionQuerySet:
        return self.get_queryset().at_level(level)


class Region(models.Model):
    """One administrative division, province to village; its code is its place in the tree."""

    code = models.BigIntegerField(_("code"), primary_key=True)
    level = models.SmallIntegerField(_("level"), choices=Level.choices)
    name = models.CharField(_("name"), max_length=60)
    official_name = models.CharField(_("full name"), max_length=80)
    pinyin = models.CharField(_("romanised name"), max_length=200)
    search = SearchVectorField(editable=False)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    location_source = models.CharField(
        _("source of the place"), max_length=9, choices=LocationSource.choices, default=LocationSource.NONE
    )
    tier = models.CharField(_("development tier"), max_length=13, choices=Tier.choices, default=Tier.ORDINARY)
    child_count = models.IntegerField(_("divisions directly below"), default=0)
    village_count = models.IntegerField(_("villages and communities"), default=0)

    objects = RegionManager()

    class Meta:
        verbose_name = _("division")
        verbose_name_plural = _("divisions")
        ordering = ["code"]
        indexes = [
            models.Index(fields=["level", "code"], name="region_level_code"),
            GinIndex(fields=["search"], name="region_search", fastupdate=False),
        ]
        constraints = [
            models.CheckConstraint(
                name="region_level_matches_code",
                condition=Q(code__gte=codes.MIN_CODE)
                & Q(code__lte=codes.MAX_CODE)
                & Q(Exact(F("code") % _span(0), 0))
                & (Q(level=1) | ~Q(Exact(F("code") % _span(1), 0))),
                violation_error_message=_("The code does not belong to this level."),
            ),
            models.CheckConstraint(
                name="region_place_is_whole",
                condition=Q(longitude__isnull=True, latitude__isnull=True, location_source=LocationSource.NONE)
                # A comparison with NULL is no refusal, so both are asked for by name.
                | (
                    Q(longitude__isnull=False, latitude__isnull=False)
                    & Q(longitude__range=(-180, 180), latitude__range=(-90, 90))
                    & ~Q(location_source=LocationSource.NONE)
                ),
                violation_error_message=_("A place has a longitude and a latitude, and says where they are from."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def parent_code(self) -> int | None:
        return codes.parent_code(self.code)

    @property
    def ancestor_codes(self) -> list[int]:
        return codes.ancestor_codes(self.code)

    @property
    def code_range(self) -> tuple[int, int]:
        """Half-open range of the codes of this division and all in it."""
        return codes.code_range(self.code)

    @property
    def county_code(self) -> int | None:
        """The county in which it lies (itself for a county); None above counties."""
        return codes.ancestor_at(self.code, Level.COUNTY) if self.level >= Level.COUNTY else None

    @property
    def is_placeholder(self) -> bool:
        """A level of prefecture that exists only in the code (市辖区, 省直辖县级行政区划)."""
        return self.level == Level.PREFECTURE and self.name in romanise.PLACEHOLDERS

    @property
    def village_kind(self) -> VillageKind | None:
        """By digits 10 to 12; None above villages."""
        if self.level != Level.VILLAGE:
            return None
        return _KINDS.get(self.code % 1000 // 100, VillageKind.COMMUNITY)

    @property
    def name_en(self) -> str:
        """The name on English pages: romanised, with the English word for its kind."""
        return romanise.english_name(self.code, self.level, self.name, self.pinyin)

    @property
    def place_is_estimated(self) -> bool:
        return self.location_source == LocationSource.ESTIMATED


class CountySetting(models.Model):
    """What staff decided about a county; an import of the divisions never overwrites it."""

    county = models.OneToOneField(
        Region, models.PROTECT, primary_key=True, related_name="setting", verbose_name=_("county")
    )
    tier = models.CharField(_("development tier"), max_length=13, choices=Tier.choices, blank=True)
    travel_kmh = models.PositiveSmallIntegerField(
        _("travel speed, km/h"),
        null=True,
        blank=True,
        validators=[MinValueValidator(5), MaxValueValidator(120)],
    )
    basis = models.CharField(_("basis"), max_length=300, blank=True)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("county setting")
        verbose_name_plural = _("county settings")
        ordering = ["county_id"]
        constraints = [
            models.CheckConstraint(
                name="county_speed_plausible",
                condition=Q(travel_kmh__isnull=True) | Q(travel_kmh__range=(5, 120)),
                violation_error_message=_("A travel speed lies between 5 and 120 km/h."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.county)


class DivisionsImport(models.Model):
    """One run of the import: what the table of divisions is made from."""

    imported_at = models.DateTimeField(_("imported at"))
    file_name = models.CharField(_("file"), max_length=200)
    file_digest = models.CharField(_("SHA-256 of the file"), max_length=64)
    rules_digest = models.CharField(
        _("rules"), max_length=64, help_text=_("Digest of the rules by which names were read and romanised.")
    )
    under = models.BigIntegerField(_("only under"), null=True, blank=True)
    read_count = models.IntegerField(_("divisions read"))
    added_count = models.IntegerField(_("new"))
    changed_count = models.IntegerField(_("changed"))

    class Meta:
        verbose_name = _("import of divisions")
        verbose_name_plural = _("imports of divisions")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.file_name} {self.imported_at:%Y-%m-%d}"
