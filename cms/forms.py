"""Forms of the editors' administration."""

from __future__ import annotations

from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from marketplace.core import clock
from marketplace.core.page_forms import AddressedPageForm
from marketplace.regions.models import Level


class NewsPageForm(AddressedPageForm):
    """News begin with the day on which they are written."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.initial.get("date") is None:
            self.initial["date"] = clock.today()


class HomePageForm(AddressedPageForm):
    """The county is chosen by typing: a list of all three thousand would be no choice."""

    class Media:
        js = ("django_htmx/htmx-2.min.js",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Pages are loaded with the models, before there may be forms of models.
        from marketplace.regions.forms import RegionField

        county = RegionField(
            label=capfirst(_("county shown")),
            levels=(Level.COUNTY,),
            required=False,
            help_text=_("Name, pinyin or code of a county. Its coverage is shown beside the search box."),
        )
        self.fields["county"] = county
