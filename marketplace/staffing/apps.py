from django.apps import AppConfig


class StaffingConfig(AppConfig):
    name = "marketplace.staffing"
    label = "staffing"
