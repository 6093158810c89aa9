from django.apps import AppConfig


class TimesheetsConfig(AppConfig):
    name = "marketplace.timesheets"
    label = "timesheets"
