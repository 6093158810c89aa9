from django.apps import AppConfig


class IncentivesConfig(AppConfig):
    name = "marketplace.incentives"
    label = "incentives"

    def ready(self) -> None:
        from .handlers import connect  # models are loaded only now

        connect()
