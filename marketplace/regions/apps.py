from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegionsConfig(AppConfig):
    name = "marketplace.regions"
    verbose_name = _("divisions of China")

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.core import search
        from marketplace.regions.search import search_hits

        search.register(search_hits)
