from django.apps import AppConfig


class VolunteersConfig(AppConfig):
    name = "volunteers"
    label = "volunteers"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.audit import labels as audit_labels
        from marketplace.core import search, workspace
        from marketplace.timesheets import subjects

        from . import labels
        from .search import call_hits
        from .subjects import KIND, shifts_to_record
        from .workspace import work_items

        search.register(call_hits)
        workspace.register(work_items)
        subjects.register(KIND, shifts_to_record)
        audit_labels.register(labels.ACTIONS, labels.DATA)
