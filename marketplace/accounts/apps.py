from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "marketplace.accounts"
    label = "accounts"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.audit import labels as audit_labels
        from marketplace.audit import selectors as audit
        from marketplace.core import workspace as desk

        from . import labels, rules, visibility, workspace

        audit_labels.register(labels.ACTIONS, labels.DATA)
        audit.install_supervision(rules.supervised_events)
        visibility.register()
        desk.register(workspace.work_items)
