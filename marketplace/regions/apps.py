from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegionsConfig(AppConfig):
    name = "marketplace.regions"
    verbose_name = _("divisions of China")

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.audit import labels as audit_labels
        from marketplace.core import search
        from marketplace.regions import labels
        from marketplace.regions.search import search_hits

        search.register(search_hits)
        audit_labels.register(labels.ACTIONS, labels.DATA)
        audit_labels.register_subjects("regions.region", labels.region_names)
