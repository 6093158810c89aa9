from django.apps import AppConfig


class TimesheetsConfig(AppConfig):
    name = "marketplace.timesheets"
    label = "timesheets"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.accounts import privacy
        from marketplace.audit import labels as audit_labels
        from marketplace.core import workspace

        from . import labels
        from .privacy import exported_visits
        from .workspace import work_items

        privacy.register("visits", exported_visits)
        workspace.register(work_items)
        audit_labels.register(labels.ACTIONS, labels.DATA)
        audit_labels.register_subjects("timesheets.servicesession", labels.sessions)
        audit_labels.register_names("session", labels.sessions)
