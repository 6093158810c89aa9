from django.apps import AppConfig


class ContractsConfig(AppConfig):
    name = "marketplace.contracts"
    label = "contracts"

    def ready(self) -> None:
        from .handlers import connect  # models are loaded only now
        from .labels import name_acts

        connect()
        name_acts()
