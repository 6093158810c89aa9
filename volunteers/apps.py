from django.apps import AppConfig


class VolunteersConfig(AppConfig):
    name = "volunteers"
    label = "volunteers"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.accounts import privacy
        from marketplace.audit import labels as audit_labels
        from marketplace.audit.selectors import register_visibility
        from marketplace.core import search, workspace
        from marketplace.timesheets import subjects

        from . import labels
        from .privacy import exported_volunteering
        from .rules import may_read_sign_up
        from .search import call_hits
        from .subjects import KIND, shifts_to_record
        from .workspace import work_items

        privacy.register("volunteering", exported_volunteering)
        search.register(call_hits)
        workspace.register(work_items)
        subjects.register(KIND, shifts_to_record)
        audit_labels.register(labels.ACTIONS, labels.DATA)
        register_visibility("volunteers.signup", may_read_sign_up)
        audit_labels.register_subjects("volunteers.opportunity", labels.calls)
        audit_labels.register_subjects("volunteers.signup", labels.sign_ups)
        audit_labels.register_subjects("volunteers.volunteerprofile", labels.volunteers)
