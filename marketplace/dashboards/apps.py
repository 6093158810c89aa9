from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    name = "marketplace.dashboards"
    label = "dashboards"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.core import workspace

        from .visits import work_items

        workspace.register(work_items)
