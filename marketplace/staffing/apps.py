from django.apps import AppConfig


class StaffingConfig(AppConfig):
    name = "marketplace.staffing"
    label = "staffing"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.audit import labels as audit_labels
        from marketplace.audit import selectors as audit
        from marketplace.core import workspace

        from . import handlers, labels, visibility
        from .workspace import work_items

        audit_labels.register(labels.ACTIONS, labels.DATA)
        audit.register_visibility("staffing.assignmentrun", visibility.run)
        audit.register_visibility("staffing.assignment", visibility.assignment)
        workspace.register(work_items)
        handlers.connect()
