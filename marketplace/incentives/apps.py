from django.apps import AppConfig


class IncentivesConfig(AppConfig):
    name = "marketplace.incentives"
    label = "incentives"
