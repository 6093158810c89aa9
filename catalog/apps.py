from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    label = "catalog"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.audit import labels as audit_labels
        from marketplace.core import search

        from . import labels
        from .search import catalogue_hits

        search.register(catalogue_hits)
        audit_labels.register(labels.ACTIONS, labels.DATA)
