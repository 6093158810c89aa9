from django.apps import AppConfig


class TimesheetsConfig(AppConfig):
    name = "marketplace.timesheets"
    label = "timesheets"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.audit import labels as audit_labels
        from marketplace.core import workspace

        from . import labels
        from .workspace import work_items

        workspace.register(work_items)
        audit_labels.register(labels.ACTIONS, labels.DATA)
