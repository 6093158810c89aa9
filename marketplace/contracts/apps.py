from django.apps import AppConfig


class ContractsConfig(AppConfig):
    name = "marketplace.contracts"
    label = "contracts"

    def ready(self) -> None:
        from marketplace.core import workspace  # models are loaded only now

        from . import handlers
        from .workspace import work_items

        handlers.connect()
        workspace.register(work_items)
