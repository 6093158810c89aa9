from django.apps import AppConfig


class ContractsConfig(AppConfig):
    name = "marketplace.contracts"
    label = "contracts"

    def ready(self) -> None:
        from marketplace.core import workspace  # models are loaded only now
        from marketplace.timesheets.subjects import register

        from . import handlers
        from .fulfilment import SUBJECT
        from .subjects import subjects
        from .workspace import work_items

        handlers.connect()
        workspace.register(work_items)
        register(SUBJECT, subjects)
