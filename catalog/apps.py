from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    label = "catalog"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.core import search

        from .search import catalogue_hits

        search.register(catalogue_hits)
