from django.apps import AppConfig


class TimesheetsConfig(AppConfig):
    name = "marketplace.timesheets"
    label = "timesheets"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.core import workspace

        from .workspace import work_items

        workspace.register(work_items)
