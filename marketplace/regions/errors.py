from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import InvalidInput


class PlaceOutsideChina(InvalidInput):
    code = "place_outside_china"
    message = _("The place must lie in China: check that longitude and latitude are not swapped.")


class NotACounty(InvalidInput):
    code = "not_a_county"
    message = _("A development tier belongs to a county. Open the county of this place and set it there.")


class UnknownDivision(InvalidInput):
    code = "unknown_division"
    message = _("No division has this name or code. Type its 12-digit code, or choose one of the proposals.")


class NotAmongThese(UnknownDivision):
    code = "not_among_these"
    message = _(
        "No place that can be chosen here has this name or code. Type a part of the name and choose a proposal."
    )


class AmbiguousDivision(InvalidInput):
    code = "ambiguous_division"
    message = _("Several divisions have this name: %(names)s. Put the county before it, or type the code.")
