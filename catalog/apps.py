from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    label = "catalog"

    def ready(self) -> None:
        # Models are loaded only now.
        from wagtail.models import ReferenceIndex

        from marketplace.audit import labels as audit_labels
        from marketplace.core import search, workspace

        from . import labels
        from .models import ProductVersion
        from .search import catalogue_hits
        from .workspace import work_items

        # So that the editors' administration counts who cites a product among its uses.
        ReferenceIndex.register_model(ProductVersion)
        workspace.register(work_items)
        search.register(catalogue_hits)
        audit_labels.register(labels.ACTIONS, labels.DATA)
        audit_labels.register_names("page", labels.pages)
        audit_labels.register_subjects("catalog.productversion", labels.versions)
