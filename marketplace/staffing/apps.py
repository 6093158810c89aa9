from django.apps import AppConfig


class StaffingConfig(AppConfig):
    name = "marketplace.staffing"
    label = "staffing"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.accounts import privacy
        from marketplace.audit import labels as audit_labels
        from marketplace.audit import selectors as audit
        from marketplace.contracts.fulfilment import SUBJECT
        from marketplace.core import workspace
        from marketplace.timesheets import subjects

        from . import handlers, labels, names, visibility
        from .privacy import exported_duties, exported_posts
        from .rosters import subjects as duties
        from .rosters.work import work_items as roster_items
        from .teams.selectors import exported_quarrels
        from .workspace import work_items

        audit_labels.register(labels.ACTIONS, labels.DATA, labels.REASONS, labels.VALUES)
        names.register()
        audit.register_visibility("staffing.assignmentrun", visibility.run, "staffing:run")
        audit.register_visibility("staffing.runpart", visibility.run_part)
        audit.register_visibility("staffing.assignment", visibility.assignment, "staffing:assignment")
        audit.register_visibility("staffing.scenario", visibility.scenario, "staffing:scenario")
        audit.register_visibility("staffing.roster", visibility.roster, "staffing:roster")
        audit.register_visibility("staffing.deal", visibility.deal, "staffing:deal")
        audit.register_visibility("staffing.duty", visibility.duty)
        audit.register_visibility("staffing.swap", visibility.swap)
        audit.register_visibility("staffing.quarrel", visibility.quarrel)
        audit.register_visibility("staffing.teamterms", visibility.team_terms)
        audit.register_secret(visibility.secret)
        privacy.register("colleagues", exported_quarrels)
        privacy.register("posts", exported_posts)
        privacy.register("duties", exported_duties)
        workspace.register(work_items)
        workspace.register(roster_items)
        subjects.register(SUBJECT, duties.post_subjects)
        subjects.register(duties.KIND, duties.duty_subjects)
        handlers.connect()
