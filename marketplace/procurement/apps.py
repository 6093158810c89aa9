from django.apps import AppConfig


class ProcurementConfig(AppConfig):
    name = "marketplace.procurement"
    label = "procurement"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.core import search, workspace

        from . import record, record_evaluation, workspace_evaluation
        from .search import procurement_hits
        from .workspace import work_items

        workspace.register(work_items)
        search.register(procurement_hits)
        record.register()
        record_evaluation.register()
        workspace.register(workspace_evaluation.work_items)
