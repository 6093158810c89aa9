"""Numbers of tenders: 雷司采磋〔2026〕07号 – the bureau's mark, the method, the year, the running number."""

from __future__ import annotations

import re
from datetime import datetime

from django.utils import timezone

from marketplace.accounts.models import Organisation, OrganisationKind
from marketplace.core.locks import lock_name
from marketplace.regions.romanise import specific_part

from .models_tender import Method, Tender

_METHOD_MARKS = {Method.OPEN: "公", Method.CONSULTATION: "磋"}
_KIND_MARKS = {OrganisationKind.BUREAU: "司"}
_NUMBER = re.compile(r"〕(\d+)号$")


def next_reference(organisation: Organisation, method: str, now: datetime) -> str:
    """The next free number, unique under concurrency: whoever draws one waits for the others of the same year.

    The mark is the first character of the place (雷 of 雷山县); where another bureau has it already, the whole
    specific part of the name (雷山), then the full name.
    """
    year = timezone.localdate(now).year
    lock_name(f"tender-reference:{year}")
    for mark in _marks(organisation):
        prefix = f"{mark}{_KIND_MARKS.get(OrganisationKind(organisation.kind), '')}采{_METHOD_MARKS[Method(method)]}〔{year}〕"
        taken = list(
            Tender.objects.filter(reference__startswith=prefix)
            .order_by("pk")
            .values_list("organisation_id", "reference")
        )
        if all(owner == organisation.pk for owner, _reference in taken):
            break
    numbers = [int(found[1]) for _owner, reference in taken if (found := _NUMBER.search(reference))]
    return f"{prefix}{max(numbers, default=0) + 1:02d}号"


def _marks(organisation: Organisation) -> list[str]:
    region = organisation.region
    specific, _rest = specific_part(region.name, region.level)
    return list(dict.fromkeys([specific[:1], specific, region.name, f"{region.name}{organisation.pk}"]))
