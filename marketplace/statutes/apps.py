from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StatutesConfig(AppConfig):
    name = "marketplace.statutes"
    verbose_name = _("legal calendar")

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.audit import labels as audit_labels
        from marketplace.core import workspace
        from marketplace.statutes import labels
        from marketplace.statutes.workspace import work_items

        workspace.register(work_items)
        audit_labels.register(labels.ACTIONS, labels.DATA)
